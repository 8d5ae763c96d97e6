"""Records and the trained network, as programs get them."""

import csv
import io
import json
import math
import zipfile

import pytest

from nnt_contract.records import EpochRecord
from nnt_server.errors import DeployerAway
from tests.server.api.conftest import body_of, json_of, path_to
from tests.server.conftest import a_simulation
from tests.server.test_records import ENVIRONMENT, EVALUATION, TRAINED, tells


@pytest.fixture
def simulation(alice):
    made = a_simulation(alice.user)
    epochs = (
        EpochRecord(epoch=epoch, duration_s=1.5, learning_rate=math.nan) for epoch in range(2)
    )
    tells(made, ENVIRONMENT, *epochs, EVALUATION, TRAINED, attempt=2)
    return made


def test_records_are_objects_of_all_kinds_or_of_one(program, simulation):
    everything = json_of(program.get(path_to(simulation, "records")))
    told = [(record["kind"], record["epoch"]) for record in everything]
    assert told == [
        ("environment", 0),
        ("epoch", 0),
        ("epoch", 1),
        ("evaluation", 19),
        ("model", 19),
    ]
    assert everything[1]["content"] == {"duration_s": 1.5, "learning_rate": "NaN"}
    assert everything[1]["attempt"] == 2 and everything[1]["time"].endswith("+00:00")
    [evaluation] = json_of(program.get(path_to(simulation, "records"), {"kind": "evaluation"}))
    assert evaluation["content"]["confusion"] == [[4, 1], [1, 2]]


def test_nothing_recorded_is_an_empty_list_and_an_unknown_kind_is_refused(program, alice):
    simulation = a_simulation(alice.user)
    assert json_of(program.get(path_to(simulation, "records"))) == []
    answer = program.get(path_to(simulation, "records"), {"kind": "mood"})
    assert answer.status_code == 422 and answer.json()["fields"][0]["field"] == "kind"


def test_the_trained_model_comes_as_the_deployer_has_it(program, simulation, doorbell):
    doorbell.model = bytes(range(256)) * 2000
    answer = program.get(path_to(simulation, "model"))
    assert body_of(answer) == doorbell.model
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(len(doorbell.model))
    name = f'attachment; filename="simulation-{simulation.id}.keras"'
    assert answer.headers["Content-Disposition"] == name


def test_without_a_trained_model_it_is_said_when_there_is_one(program, alice, doorbell):
    doorbell.model = None
    answer = program.get(path_to(a_simulation(alice.user), "model"))
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert "after the last epoch" in answer.json()["message"]


def test_no_trained_model_while_the_deployer_has_trouble(program, simulation, doorbell):
    doorbell.answer = 500
    answer = program.get(path_to(simulation, "model"))
    assert (answer.status_code, answer.json()["error"]) == (503, "away")


def test_no_trained_model_while_the_deployer_is_away(program, simulation):
    answer = program.get(path_to(simulation, "model"))
    assert (answer.status_code, answer.json()["error"]) == (503, "away")


def test_half_a_model_does_not_pass_for_a_whole_one(program, simulation, doorbell):
    doorbell.bytes_lost = 5
    answer = program.get(path_to(simulation, "model"))
    with pytest.raises(DeployerAway):
        body_of(answer)


def test_the_export_has_every_record_and_the_evaluation_as_a_table(program, simulation, doorbell):
    archive = zipfile.ZipFile(io.BytesIO(body_of(program.get(path_to(simulation, "export")))))
    records = json.loads(archive.read("records.json"))
    assert [record["kind"] for record in records] == [
        *("environment", "epoch", "epoch", "evaluation", "model")
    ]
    rows = list(csv.reader(io.StringIO(archive.read("evaluation.csv").decode())))
    assert rows[0] == ["table", "row", "column", "value"]
    assert ["metrics", "", "auc", "NaN"] in rows
    assert ["classes", "1", "support", "3"] in rows
    assert ["cut_points", "0.9", "precision", ""] in rows
    assert ["confusion", "0", "1", "1"] in rows and len(rows) == 1 + 3 + 2 * 3 + 2 * 2 + 4


def test_the_export_of_what_recorded_nothing_has_empty_tables(program, alice, doorbell):
    answer = program.get(path_to(a_simulation(alice.user), "export"))
    archive = zipfile.ZipFile(io.BytesIO(body_of(answer)))
    assert json.loads(archive.read("records.json")) == []
    assert archive.read("evaluation.csv") == b"table,row,column,value\r\n"
