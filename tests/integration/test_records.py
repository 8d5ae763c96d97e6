"""What comes with updates besides metrics and weights: kept once, with them, and gone with the simulation."""

import math
from uuid import UUID

import pytest

from nnt_contract.records import (
    MAX_CLASSES,
    ClassScores,
    EpochRecord,
    Evaluation,
    Record,
)
from nnt_contract.tokens import RunToken
from nnt_contract.updates import INITIAL_EPOCH, Collection, Finish
from tests.conftest import ROOT

EXAMPLES = ROOT / "contract" / "examples"
ENVIRONMENT = Collection.model_validate_json((EXAMPLES / "collection.json").read_text()).records[0]
EVALUATION, MODEL = Finish.model_validate_json((EXAMPLES / "finish.json").read_text()).records
ALL = "SELECT kind, epoch, attempt, content FROM records ORDER BY kind, epoch"


def collection(sim_id: UUID, epoch: int, *records: Record, attempt: int = 1) -> Collection:
    return Collection(
        sim_id=sim_id, attempt=attempt, epoch=epoch, logs={"loss": 1.0}, records=records
    )


def took(epoch: int, seconds: float = 1.0) -> EpochRecord:
    return EpochRecord(epoch=epoch, duration_s=seconds, learning_rate=0.5)


def test_every_kind_of_record_is_stored_as_it_was_said(parser, sim_id, query):
    rate = EpochRecord(epoch=0, duration_s=0.1, learning_rate=math.nan)
    parser.post(collection(sim_id, INITIAL_EPOCH, ENVIRONMENT))
    parser.post(collection(sim_id, 0, rate))
    parser.post(Finish(sim_id=sim_id, attempt=1, records=(EVALUATION, MODEL)))
    assert parser.work() == 3
    stored = {kind: content for kind, _, _, content in query(ALL)}
    assert stored["epoch"] == {"duration_s": 0.1, "learning_rate": "NaN"}
    said = {record.kind: record for record in (ENVIRONMENT, EVALUATION, MODEL)}
    for kind, record in said.items():
        assert stored[kind] == record.model_dump(mode="json", exclude={"kind", "epoch"})
    assert query("SELECT kind, epoch FROM records(%s, '{evaluation}')", sim_id) == [
        ("evaluation", EVALUATION.epoch)
    ]


def test_a_repeated_record_changes_nothing_and_one_of_a_newer_attempt_takes_its_place(
    parser, sim_id, query
):
    for attempt, seconds in ((2, 1.0), (2, 2.0), (3, 3.0), (1, 4.0)):
        update = collection(sim_id, 1, took(0, seconds), took(1, seconds), attempt=attempt)
        parser.post(update, token=RunToken(sim_id, 3))
        parser.work()
    assert [(epoch, attempt, row["duration_s"]) for _, epoch, attempt, row in query(ALL)] == [
        (0, 3, 3.0),
        (1, 3, 3.0),
    ]


def test_records_are_stored_with_their_collection_or_not_at_all(parser, sim_id, query, monkeypatch):
    def no_weights(*_: object) -> None:
        raise ConnectionError("killed here")

    stored = "SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM collections)"
    parser.post(collection(sim_id, 0, took(0)))
    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr("nnt_parser.store._store_weights", no_weights)
        parser.work()
    assert query(stored) == [(0, 0)]
    parser.work()
    assert query(stored) == [(1, 1)]


def test_the_largest_confusion_matrix_that_is_kept_is_taken(parser, sim_id, query):
    row = (123_456,) * MAX_CLASSES
    scores = ClassScores(precision=1 / 3, recall=1 / 3, support=123_456_000)
    largest = Evaluation(
        epoch=1,
        rows=1,
        metrics={},
        confusion=(row,) * MAX_CLASSES,
        classes=(scores,) * MAX_CLASSES,
    )
    answer = parser.post(Finish(sim_id=sim_id, attempt=1, records=(largest,)))
    assert answer.status_code == 202, answer.text
    parser.work()
    statement = "SELECT jsonb_array_length(content -> 'confusion' -> 999) FROM records"
    assert query(statement) == [(MAX_CLASSES,)]


def test_what_epochs_took_is_read_of_those_that_are_asked_for(parser, sim_id, query):
    infinite = EpochRecord(epoch=2, duration_s=0.5, learning_rate=math.inf)
    parser.post(collection(sim_id, 3, took(0), took(1), infinite, took(3)))
    parser.work()
    asked = "SELECT epoch, duration_s, learning_rate FROM epoch_records(%s, %s)"
    assert query(asked, sim_id, [3, 2, 9]) == [(2, 0.5, math.inf), (3, 1.0, 0.5)]


def test_nothing_of_it_stays_when_the_simulation_is_deleted(parser, make_simulation, query):
    gone, kept = (make_simulation(status="running", attempt=1) for _ in range(2))
    for sim_id in (gone, kept):
        parser.post(collection(sim_id, 0, ENVIRONMENT, took(0)))
    parser.work()
    query("SELECT delete_simulation(%s)", gone)
    assert query("SELECT DISTINCT sim_id FROM records") == [(kept,)]


def test_the_reports_json_brings_no_records(parser, sim_id, query):
    body = {"id": str(sim_id), "epoch": 0, "model": "{}", "weights": [], "logs": {}, "records": []}
    answer = parser.client.post("/update", json=body, headers=parser.headers(RunToken(sim_id, 1)))
    assert [field["field"] for field in answer.json()["fields"]] == ["records"]
