import json
import math
from uuid import UUID

import pytest

from nnt_contract.errors import ContractError
from nnt_contract.records import ClassScores, EpochRecord, Evaluation, TrainedModel
from nnt_contract.updates import (
    FRAME_START,
    MAX_HEADER_BYTES,
    Array,
    Collection,
    Failure,
    Finish,
    frame_head,
    header_length,
    parse_header,
    payload_bytes,
)

SIM = UUID("34a30c0d-c59e-4f0a-9918-3460d3b9e5e4")
COLLECTION = Collection(
    sim_id=SIM,
    attempt=2,
    epoch=3,
    logs={"loss": math.nan, "val_loss": -math.inf, "accuracy": 0.5},
    arrays=(
        Array(layer_index=0, layer_name="ä", variable="kernel", shape=(2, 3)),
        Array(layer_index=0, layer_name="ä", variable="count", shape=()),
    ),
)


RECORDS = (
    EpochRecord(epoch=3, duration_s=0.25, learning_rate=math.inf),
    Evaluation(
        epoch=3,
        rows=2,
        metrics={"loss": math.nan},
        confusion=((1, 0), (1, 0)),
        classes=(
            ClassScores(precision=0.5, recall=1.0, support=1),
            ClassScores(precision=None, recall=0.0, support=1),
        ),
    ),
    TrainedModel(epoch=3, bytes=9, sha256="ab"),
)


@pytest.mark.parametrize(
    "update",
    [
        COLLECTION,
        COLLECTION.model_copy(update={"records": RECORDS}),
        Finish(sim_id=SIM, attempt=1, records=RECORDS),
        Failure(sim_id=SIM, attempt=1, error="no"),
    ],
)
def test_a_frame_is_read_as_it_was_written(update):
    head = frame_head(update)
    length = header_length(head[: FRAME_START.size])
    assert len(head) == FRAME_START.size + length
    assert repr(parse_header(head[FRAME_START.size :])) == repr(update)


def test_the_payload_is_four_bytes_a_value_and_a_scalar_has_one():
    assert payload_bytes(COLLECTION) == 4 * (6 + 1)
    assert payload_bytes(Finish(sim_id=SIM, attempt=1)) == 0


def test_a_diverged_loss_crosses_as_a_word():
    assert b'"loss":"NaN"' in frame_head(COLLECTION)
    assert b'"val_loss":"-Infinity"' in frame_head(COLLECTION)


@pytest.mark.parametrize(
    "start",
    [b"", b"NNT1", b"JUNK\x01\x00\x00\x00", FRAME_START.pack(b"NNT1", MAX_HEADER_BYTES + 1)],
)
def test_what_does_not_start_like_a_frame_is_refused(start):
    with pytest.raises(ContractError, match="not a frame"):
        header_length(start)


def test_a_header_of_an_unknown_kind_is_refused():
    with pytest.raises(ContractError, match="kind"):
        parse_header(
            b'{"kind": "dance", "sim_id": "34a30c0d-c59e-4f0a-9918-3460d3b9e5e4", "attempt": 1}'
        )


def test_a_text_that_no_database_keeps_is_refused():
    failure = {"kind": "send_error", "sim_id": str(SIM), "attempt": 1, "error": "a\0b"}
    with pytest.raises(ContractError) as caught:
        parse_header(json.dumps(failure).encode())
    assert "without NUL" in str(caught.value.body)


@pytest.mark.parametrize("kind", ["update", "finish"])
def test_who_knows_no_records_sends_none(kind):
    header = {"kind": kind, "sim_id": str(SIM), "attempt": 1}
    header |= {"epoch": 0, "logs": {}} if kind == "update" else {}
    update = parse_header(json.dumps(header).encode())
    assert isinstance(update, Collection | Finish)
    assert update.records == ()


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"kind": "mood", "epoch": 1}, "records.0"),
        ({"kind": "epoch", "epoch": 1, "duration_s": -1, "learning_rate": 1.0}, "duration_s"),
        (
            {"kind": "evaluation", "epoch": 1, "rows": 1, "metrics": {}, "confusion": [[1], [0]]},
            "confusion must have",
        ),
    ],
)
def test_a_record_that_makes_no_sense_is_refused_by_its_place(record, field):
    finish = {"kind": "finish", "sim_id": str(SIM), "attempt": 1, "records": [record]}
    with pytest.raises(ContractError) as caught:
        parse_header(json.dumps(finish).encode())
    assert field in str(caught.value.body)
