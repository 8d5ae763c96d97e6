"""What was collected, as programs get it: values, weights, statistics, the log, and all of it as one file."""

import csv
import io
import json
import math
import zipfile

import numpy as np
import pytest

from nnt_contract.status import Status
from nnt_server.simulations import collected
from tests.server.api.conftest import body_of, insert, json_of, path_to, weights_arrive
from tests.server.conftest import MODEL, a_simulation, arrives, becomes

NPY = {"Accept": "application/octet-stream"}


def test_epochs_are_objects_with_what_json_has_no_number_for_as_text(program, alice):
    simulation = a_simulation(alice.user)
    arrives(simulation, 0, math.nan, 0.5, math.inf, None)
    arrives(simulation, 2, 0.25, 0.75, -math.inf, 1.0)
    first, second = json_of(program.get(path_to(simulation, "epochs")))
    assert first.pop("time").endswith("+00:00") and second.pop("time")
    assert first == {
        "epoch": 0,
        "loss": "NaN",
        "accuracy": 0.5,
        "val_loss": "Infinity",
        "val_accuracy": None,
    }
    assert second["val_loss"] == "-Infinity" and second["val_accuracy"] == 1.0


@pytest.mark.parametrize("what", ["epochs", "metrics", "statistics"])
def test_nothing_collected_is_an_empty_list(program, alice, what):
    assert json_of(program.get(path_to(a_simulation(alice.user), what))) == []


def test_many_rows_come_in_pieces_and_complete(program, alice):
    simulation = a_simulation(alice.user)
    rows = [(simulation.id, epoch, "2026-01-01", "kl", 0.5) for epoch in range(1201)]
    insert("extra_metrics", *rows)
    answer = program.get(path_to(simulation, "metrics"))
    pieces = list(answer.streaming_content)
    assert len(pieces) > 6
    found = json.loads(b"".join(pieces))
    assert [row["epoch"] for row in found] == list(range(1201))
    assert found[0].keys() == {"epoch", "time", "metric", "value"}


@pytest.mark.parametrize(
    "shape", [[7], [3, 4], [4, 1], [2, 3, 5], [1, 1, 1], [2, 2, 2, 3]], ids=str
)
@pytest.mark.parametrize("values_per_row", [1, 5, 100])
def test_weights_come_back_in_their_shape(program, alice, monkeypatch, shape, values_per_row):
    monkeypatch.setattr(collected, "_VALUES_AT_ONCE", 3)
    expected = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    simulation = a_simulation(alice.user)
    flat = expected.ravel().tolist()
    weights_arrive(simulation, 4, flat, shape, values_per_row=values_per_row)
    weights_arrive(simulation, 4, [9.0], [1], variable="bias")
    weights_arrive(simulation, 5, [9.0], [1])
    asked = {"layer": "dense", "variable": "kernel", "epoch": 4}
    said = json_of(program.get(path_to(simulation, "weights"), asked))
    assert np.array_equal(np.array(said.pop("values"), np.float32), expected)
    assert said == {
        "epoch": 4,
        "layer_index": 1,
        "layer_name": "dense",
        "variable": "kernel",
        "shape": shape,
    }
    answer = program.get(path_to(simulation, "weights"), asked | {"layer": "1"}, headers=NPY)
    content = body_of(answer)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert int(answer.headers["Content-Length"]) == len(content)
    loaded = np.load(io.BytesIO(content))
    assert loaded.dtype == np.float32 and np.array_equal(loaded, expected)


def test_weights_that_are_no_numbers_are_kept(program, alice):
    simulation = a_simulation(alice.user)
    weights_arrive(simulation, 0, [math.nan, math.inf, -math.inf, 0.1], [4])
    asked = {"layer": "1", "variable": "kernel", "epoch": 0}
    said = json_of(program.get(path_to(simulation, "weights"), asked))
    assert said["values"] == ["NaN", "Infinity", "-Infinity", 0.1]
    loaded = np.load(
        io.BytesIO(body_of(program.get(path_to(simulation, "weights"), asked, headers=NPY)))
    )
    assert np.array_equal(
        loaded, np.array([math.nan, math.inf, -math.inf, 0.1], np.float32), equal_nan=True
    )


@pytest.mark.parametrize(
    "other", [{"layer": "2"}, {"layer": "dens"}, {"variable": "bias"}, {"epoch": 2}]
)
def test_weights_that_were_not_collected_are_404(program, alice, other):
    simulation = a_simulation(alice.user)
    weights_arrive(simulation, 0, [1.0], [1])
    asked = {"layer": "1", "variable": "kernel", "epoch": 0} | other
    answer = program.get(path_to(simulation, "weights"), asked)
    assert answer.status_code == 404 and answer.json()["error"] == "not_found"


def test_every_wrong_word_about_weights_is_named(program, alice):
    asked = {"layer": "a\0", "epoch": "9" * 30}
    answer = program.get(path_to(a_simulation(alice.user), "weights"), asked)
    assert answer.status_code == 422
    assert {field["field"] for field in answer.json()["fields"]} == {"layer", "variable", "epoch"}


def test_statistics_have_every_column(program, alice):
    simulation = a_simulation(alice.user)
    row = (
        *(simulation.id, -1, "2026-01-01", 1, "dense", "kernel", [2, 2]),
        *(0.5, 0.1, 0.0, 1.0, 2.0, 1, 0, 0, None, None, 0, [0] * 64),
    )
    insert("weight_statistics", row)
    [said] = json_of(program.get(path_to(simulation, "statistics")))
    assert said["epoch"] == -1 and said["shape"] == [2, 2] and said["change_l2"] is None
    assert len(said) == len(collected.WEIGHT_STATISTICS) and len(said["histogram"]) == 64


def test_the_log_comes_whole_or_in_parts_as_text_or_json(program, alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    doorbell.log, doorbell.part_characters = "".join(f"épreuve {n}\n" for n in range(9)), 10
    whole = program.get(path_to(simulation, "log"))
    assert body_of(whole).decode() == doorbell.log
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    tail = program.get(path_to(simulation, "log"), {"tail": 2})
    assert tail.content.decode() == "épreuve 7\népreuve 8\n"
    following = program.get(path_to(simulation, "log"), {"after": tail.headers["Log-After"]})
    assert following.content == b"" and following.headers["Log-More"] == "false"
    part = program.get(path_to(simulation, "log"), headers={"Accept": "application/json"}).json()
    assert part == {"text": "épreuve 0\n", "after": "1.10", "more": True}


def test_a_log_is_503_while_the_deployer_is_away_and_wrong_words_are_422(program, alice):
    simulation = a_simulation(alice.user)
    answer = program.get(path_to(simulation, "log"))
    assert answer.status_code == 503 and answer.json()["error"] == "away"
    answer = program.get(path_to(simulation, "log"), {"after": "x", "tail": "0"})
    assert {field["field"] for field in answer.json()["fields"]} == {"after", "tail"}


def exported(program, simulation) -> zipfile.ZipFile:
    answer = program.get(path_to(simulation, "export"))
    assert answer.headers["Content-Type"] == "application/zip"
    assert f"simulation-{simulation.id}.zip" in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(body_of(answer)))
    assert archive.testzip() is None
    return archive


def rows_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))


def test_the_export_holds_everything(program, alice, doorbell):
    doorbell.log, doorbell.part_characters = "Epoch 1\nEpoch 2\n", 3
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    for epoch in (0, 2):
        arrives(simulation, epoch, math.nan, 0.5, 0.25, None)
        weights_arrive(simulation, epoch, [0.1, -math.inf], [2, 1], (1, 'a "layer", so'))
    insert("extra_metrics", (simulation.id, 0, "2026-01-01", "val_kl", 0.5))
    becomes(simulation, Status.FINISHED)
    archive = exported(program, simulation)
    about = json.loads(archive.read("simulation.json"))
    assert about["id"] == str(simulation.id) and about["received"] == 2
    assert about["configuration"]["epoch_period"] == 2
    assert json.loads(archive.read("model.json")) == MODEL
    first, _ = rows_of(archive, "epoch_values.csv")
    assert (first["epoch"], first["loss"], first["val_accuracy"]) == ("0", "NaN", "")
    assert [row["metric"] for row in rows_of(archive, "extra_metrics.csv")] == ["val_kl"]
    weights = rows_of(archive, "weights.csv")
    assert [(row["epoch"], row["index"], row["value"]) for row in weights] == [
        ("0", "1", "0.1"),
        ("0", "2", "-Infinity"),
        ("2", "1", "0.1"),
        ("2", "2", "-Infinity"),
    ]
    assert weights[0]["layer_name"] == 'a "layer", so'
    assert rows_of(archive, "events.csv")[0]["status"] == "finished"
    assert archive.read("log.txt").decode() == doorbell.log


def test_an_export_without_the_deployer_says_that_the_log_is_missing(program, alice):
    archive = exported(program, a_simulation(alice.user))
    assert "did not answer" in archive.read("log.txt").decode()


def test_an_export_is_sent_in_pieces(program, alice, doorbell):
    simulation = a_simulation(alice.user)
    values = np.random.default_rng(0).normal(size=300_000).astype(np.float32).tolist()
    arrives(simulation, 0, 0.5, 0.5, 0.5, 0.5)
    weights_arrive(simulation, 0, values, [300_000])
    pieces = list(program.get(path_to(simulation, "export")).streaming_content)
    assert max(map(len, pieces)) < 2_000_000 and sum(map(len, pieces)) > 2_000_000


def test_the_page_offers_the_export(alice):
    simulation = a_simulation(alice.user)
    page = alice.get(f"/simulations/{simulation.id}/").content.decode()
    assert f'href="{path_to(simulation, "export")}"' in page
