"""Creating an experiment by a program: the parts of the request, and the rows they make."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from nnt_contract.simulation_config import Configuration, Fold
from nnt_server.simulations.models import Simulation, Tag
from tests.server.api.conftest import CONFIG, Program
from tests.server.conftest import MODEL, disappears

ADDRESS = "/api/experiments"


def fields_of(answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    assert answer.json()["error"] == "invalid"
    return {field["field"]: field["expected"] for field in answer.json()["fields"]}


def test_parts_make_an_experiment_with_its_simulations(program, alice, doorbell, parts):
    config = CONFIG | {
        "tags": ["digits", "first look", "digits"],
        "seed": 42,
        "extra-metrics": [{"metric": "SparseTopKCategoricalAccuracy", "conf": {"k": 2}}],
        "limits": {"memory_mb": 2048},
        "backend": "torch",
        "gpu": True,
        "dataset_train": None,
        "k-fold_validation": 1,
        "val_feature_name": "x",
    }
    answer = program.post(ADDRESS, parts(config))
    assert answer.status_code == 201, answer.content
    simulation = Simulation.objects.get()
    assert answer.json() == {
        "id": str(simulation.experiment_id),
        "simulations": [{"id": str(simulation.id), "name": "digits"}],
    }
    assert (simulation.owner, simulation.seed, simulation.model) == (alice.user, 42, MODEL)
    assert simulation.expected_collections == 11
    assert sorted(tag.name for tag in simulation.tags.all()) == ["digits", "first look"]
    configuration = Configuration.model_validate(simulation.configuration)
    assert configuration.batch_size == 32 and configuration.gpu
    assert configuration.backend == "torch"
    assert configuration.optimizer.model_dump() == {"name": "rmsprop", "conf": {"rho": 0.8}}
    [metric] = configuration.extra_metrics
    assert (metric.name, metric.conf) == ("SparseTopKCategoricalAccuracy", {"k": 2})
    assert configuration.limits.memory_mb == 2048
    assert configuration.validation.features == "x" and configuration.test.labels == "y_test"
    assert doorbell.rings == [("POST", "/simulations", {"conf": {"id": str(simulation.id)}})]


def test_every_combination_is_a_simulation_of_the_experiment(program, alice, doorbell, parts):
    config = CONFIG | {
        "optimizers": [{"optimizer": "sgd"}, {"optimizer": "adam", "conf": {"beta_1": 0.8}}],
        "learning_rates": [0.1, 0.01],
        "k-fold_validation": 5,
        "k-fold_tag": "folds",
        "tags": ["mine"],
    }
    answer = program.post(ADDRESS, parts(config))
    assert answer.status_code == 201, answer.content
    said = answer.json()
    names = [simulation["name"] for simulation in said["simulations"]]
    assert len(set(names)) == 20
    assert (names[0], names[-1]) == ("digits (O1) (LR1) (1)", "digits (O2) (LR2) (5)")
    simulations = Simulation.objects.order_by("id")
    assert [str(one.id) for one in simulations] == [one["id"] for one in said["simulations"]]
    assert {str(one.experiment_id) for one in simulations} == {said["id"]}
    assert len({one.seed for one in simulations}) == 1
    assert {one.expected_collections for one in simulations} == {11}
    last = Configuration.model_validate(simulations[19].configuration)
    assert last.optimizer.model_dump() == {"name": "adam", "conf": {"beta_1": 0.8}}
    assert last.learning_rate == 0.01 and last.fold == Fold(index=5, count=5)
    for simulation in simulations:
        assert sorted(tag.name for tag in simulation.tags.all()) == ["folds", "mine"]
        assert [event.what for event in simulation.events.all()] == ["create"]
    rung = [body["conf"]["id"] for _, _, body in doorbell.rings]
    assert rung == [one["id"] for one in said["simulations"]]
    listed = program.get(f"/api/simulations?experiment={said['id']}&limit=500").json()
    assert [one["name"] for one in listed["items"]] == names


def test_nobody_waits_for_a_deployer_that_is_away_more_than_once(program, site, parts, caplog):
    config = CONFIG | {"k-fold_validation": 10}
    assert program.post(ADDRESS, parts(config)).status_code == 201
    assert caplog.text.count("did not hear") == 1
    assert Simulation.objects.filter(wanted="running").count() == 10


def test_too_many_simulations_are_refused_and_none_is_made(program, parts):
    config = CONFIG | {"learning_rates": [0.1, 0.2, 0.3], "k-fold_validation": 40}
    answer = program.post(ADDRESS, parts(config))
    assert "at most 100 simulations" in fields_of(answer)["k-fold_validation"]
    assert answer.json()["fields"][0]["received"] == "120: 3 learning rates × 40 folds"
    assert not Simulation.objects.exists()


def test_simulations_of_one_experiment_wait_in_the_order_of_their_names(program, doorbell, parts):
    config = CONFIG | {"learning_rates": [0.1, 0.2], "k-fold_validation": 10}
    made = program.post(ADDRESS, parts(config)).json()["simulations"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE data_inspections SET finished_at = now()")
        cursor.execute("UPDATE model_inspections SET finished_at = now()")
        cursor.execute("SELECT sim_id FROM simulation_queue() ORDER BY place")
        assert [str(sim_id) for (sim_id,) in cursor.fetchall()] == [one["id"] for one in made]


def test_deleting_one_leaves_the_others(program, doorbell, parts):
    made = program.post(ADDRESS, parts(CONFIG | {"k-fold_validation": 3})).json()
    first, *others = (one["id"] for one in made["simulations"])
    assert program.delete(f"/api/simulations/{first}").status_code == 202
    disappears(Simulation.objects.get(id=first))
    listed = program.get(f"/api/simulations?experiment={made['id']}").json()["items"]
    assert [one["id"] for one in listed] == others
    assert {one["status"] for one in listed} == {"queued"}


def test_json_parts_may_come_as_text(program, doorbell, parts):
    sent = parts(model=json.dumps(MODEL)) | {"config": json.dumps(CONFIG)}
    assert program.post(ADDRESS, sent).status_code == 201


def test_equal_tags_of_two_users_are_two_tags(program, strangers_program, doorbell, parts):
    for sender in (program, strangers_program, program):
        assert sender.post(ADDRESS, parts(CONFIG | {"tags": ["mine"]})).status_code == 201
    assert Tag.objects.filter(name="mine").count() == 2
    assert sorted(tag.simulations.count() for tag in Tag.objects.all()) == [1, 2]


def test_everything_wrong_in_every_part_is_said_in_one_answer(program, parts):
    config = CONFIG | {"total_epochs": 0, "epoch_periode": 2, "learning_rates": ["fast"]}
    config = {key: value for key, value in config.items() if key != "name"}
    sent = parts(
        config,
        model=SimpleUploadedFile("model.json", b"[]"),
        train=SimpleUploadedFile("train.npz", b""),
        val=None,
        validation=SimpleUploadedFile("val.npz", b"x"),
    )
    found = fields_of(program.post(ADDRESS, sent))
    assert found.keys() == {
        *("model", "train", "val", "validation"),
        *("name", "total_epochs", "epoch_periode", "learning_rates.0"),
    }
    assert "did you mean epoch_period?" in found["epoch_periode"]
    assert "did you mean val?" in found["validation"]
    assert not Simulation.objects.exists()


def test_without_any_part_every_part_is_named(program):
    boundary = "a-boundary"
    answer = program.post(
        ADDRESS,
        f"--{boundary}--\r\n",
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert fields_of(answer).keys() == {"model", "config", "train", "val", "test"}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"\\u0000"', b'{"name": "\\u0000"}'])
def test_a_configuration_that_is_no_json_object_is_the_part_config(program, parts, content):
    assert fields_of(program.post(ADDRESS, parts(content))).keys() == {"config"}


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_anything_but_parts_is_415(program, kind):
    answer = program.generic("POST", ADDRESS, b"{}", content_type=kind)
    assert answer.status_code == 415 and answer.json()["error"] == "unsupported_media_type"


def test_parts_that_cannot_be_told_apart_are_400(program):
    answer = program.generic("POST", ADDRESS, b"x", content_type="multipart/form-data")
    assert answer.status_code == 400 and answer.json()["error"] == "malformed"


def test_a_large_upload_needs_a_token(program, site, doorbell, parts):
    large = SimpleUploadedFile("a.npz", parts()["train"].read() + bytes(2_000_000))
    assert program.post(ADDRESS, parts(train=large)).status_code == 201
    large.seek(0)
    answer = Program().post(ADDRESS, parts(train=large))
    assert answer.status_code == 413 and answer.json()["error"] == "too_large"


def test_a_session_needs_the_token_of_a_form_and_a_program_none(alice, doorbell, parts):
    browser = Program()
    browser.force_login(alice.user)
    assert browser.post(ADDRESS, parts()).status_code == 403
    assert browser.get("/api/simulations").status_code == 200
