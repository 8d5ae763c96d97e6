"""The deployer's endpoints, with the real database and broker."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from nnt_contract.environment import MODEL
from nnt_deployer import doorbell
from nnt_deployer.app import create_app
from nnt_deployer.launchers.base import Handle, Usage
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.integration.conftest import SERVICE


@pytest.fixture
def client(settings) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(app=create_app(settings))
    headers = {"Authorization": f"Bearer {SERVICE}"}
    with httpx.Client(transport=transport, base_url="http://deployer", headers=headers) as opened:
        yield opened


@pytest.mark.parametrize("command", ["START", "STOP", "PAUSE"])
def test_a_command_is_accepted_and_changes_nothing_by_itself(
    client, make_simulation, query, command
):
    sim_id = make_simulation()
    assert client.post(f"/simulations/{sim_id}/{command}").status_code == 202
    assert query("SELECT wanted, status FROM simulations") == [("running", "queued")]


def test_an_order_and_a_deletion_are_accepted(client, make_simulation):
    sim_id = make_simulation()
    order = {"model": {"class_name": "Sequential"}, "conf": {"id": str(sim_id), "batch_size": 32}}
    assert client.post("/simulations", json=order).status_code == 202
    assert client.delete(f"/simulations/{sim_id}").status_code == 202


def test_an_order_has_its_data_inspected_at_once(client, settings, make_simulation, query):
    sim_id, other = make_simulation(), make_simulation()
    query("INSERT INTO data_inspections (experiment_id) SELECT id FROM experiments")
    celery = create_celery(settings)
    client.post("/simulations", json={"model": {}, "conf": {"id": str(sim_id)}})
    assert waiting(celery, doorbell.DATA_QUEUE) == 1
    client.post(f"/simulations/{other}/START")
    assert waiting(celery, doorbell.DATA_QUEUE) == 1


def test_an_order_has_its_model_inspected_at_once(client, settings, make_simulation, query):
    inspection_id = "0a" * 32
    query(
        "INSERT INTO model_inspections (id, model, backend) VALUES (%s, '{}', 'tensorflow')",
        inspection_id,
    )
    sim_id = make_simulation()
    query("UPDATE experiments SET model_inspection_id = %s", inspection_id)
    celery = create_celery(settings)
    client.post("/simulations", json={"model": {}, "conf": {"id": str(sim_id)}})
    assert waiting(celery, doorbell.QUEUE) == 2
    assert client.post(f"/model_inspections/{inspection_id}").status_code == 202
    assert waiting(celery, doorbell.QUEUE) == 3
    query("UPDATE model_inspections SET finished_at = now()")
    client.post(f"/model_inspections/{inspection_id}")
    client.post(f"/model_inspections/{'0b' * 32}")
    assert waiting(celery, doorbell.QUEUE) == 3


def test_a_doorbell_is_accepted_while_redis_is_away(settings_without_redis, make_simulation):
    transport = httpx.WSGITransport(app=create_app(settings_without_redis))
    with httpx.Client(transport=transport, base_url="http://deployer") as client:
        answer = client.post(
            f"/simulations/{make_simulation()}/STOP", headers={"Authorization": f"Bearer {SERVICE}"}
        )
    assert answer.status_code == 202


def test_what_is_unknown_or_malformed_is_answered_with_why(client, make_simulation):
    answer = client.post("/simulations", json={"conf": {"id": str(uuid4())}})
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_simulation")
    answer = client.post("/simulations", json={"conf": {}})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "conf.id")
    for method, path in [
        ("POST", f"/simulations/{uuid4()}/STOP"),
        ("GET", f"/simulations/{uuid4()}/log"),
        ("GET", f"/simulations/{uuid4()}/model"),
    ]:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (404, "unknown_simulation")
    sim_id = make_simulation()
    assert client.post(f"/simulations/{sim_id}/JUMP").json()["error"] == "not_found"
    assert client.get(f"/simulations/{sim_id}/STOP").status_code == 405
    assert client.get("/nowhere").json()["error"] == "not_found"


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", f"Basic {SERVICE}"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/simulations"),
        ("DELETE", f"/simulations/{uuid4()}"),
        ("POST", f"/simulations/{uuid4()}/STOP"),
        ("POST", f"/model_inspections/{'0a' * 32}"),
        ("GET", f"/simulations/{uuid4()}/log"),
        ("GET", f"/simulations/{uuid4()}/model"),
        ("GET", "/simulations_statistics"),
    ],
)
def test_only_the_service_token_opens_the_deployer(client, method, path, token):
    answer = client.request(method, path, headers={"Authorization": token})
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert client.get("/healthz", headers={"Authorization": token}).status_code == 200


@pytest.fixture
def printed(settings, make_simulation):
    """A simulation, two of whose processes printed this."""

    def leave(*texts):
        sim_id = make_simulation(status="stopped", attempt=len(texts))
        for attempt, text in enumerate(texts, 1):
            folder = settings.processes_dir / Handle(sim_id, attempt).name
            folder.mkdir(parents=True)
            (folder / "log").write_text(text)
        return sim_id

    return leave


def test_the_log_is_read_on_from_where_it_was_left(client, printed):
    sim_id = printed("one\ntwo\n", "three\n")
    read = ""
    part = {"after": "", "more": True}
    while part["more"]:
        part = client.get(f"/simulations/{sim_id}/log", params={"after": part["after"]}).json()
        read += part["text"]
    assert read == "one\ntwo\nthree\n"
    assert client.get(f"/simulations/{sim_id}/log", params={"after": part["after"]}).json() == {
        **part,
        "text": "",
    }


def test_the_last_lines_of_the_log_are_read(client, printed):
    sim_id = printed("one\n", "two\nthree\nfour\n")
    assert client.get(f"/simulations/{sim_id}/log?tail=2").json()["text"] == "three\nfour\n"
    assert client.get(f"/simulations/{sim_id}/log?tail=0").json()["text"] == ""


@pytest.mark.parametrize("asked", ["tail=-1", "tail=all", "tail=", "after=x", "after=1.5.2"])
def test_what_of_the_log_is_meant_must_be_clear(client, printed, asked):
    answer = client.get(f"/simulations/{printed('one')}/log?{asked}")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(asked.split("=")[0] + " is '")


@pytest.fixture
def trained(settings, make_simulation):
    """A simulation in whose run folder something was made under the name of its model."""

    def leave(make: Callable[[Path], None]) -> str:
        sim_id = make_simulation(status="finished", attempt=1)
        folder = settings.runs_dir / str(sim_id)
        folder.mkdir(parents=True)
        make(folder / MODEL)
        return f"/simulations/{sim_id}/model"

    return leave


def test_the_trained_model_comes_as_it_is(client, trained):
    content = bytes(range(256)) * 5000
    answer = client.get(trained(lambda path: path.write_bytes(content)))
    assert answer.status_code == 200 and answer.content == content
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_before_there_is_a_trained_model_that_is_said(client, make_simulation):
    answer = client.get(f"/simulations/{make_simulation()}/model")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_model")
    assert "after the last epoch" in answer.json()["message"]


@pytest.mark.parametrize("disguise", ["link", "pipe", "folder"])
def test_what_only_has_the_name_of_a_model_is_none(client, trained, tmp_path, disguise):
    secret = tmp_path / "secret"
    secret.write_text("nothing for strangers")
    make: dict[str, Callable[[Path], None]] = {
        "link": lambda path: path.symlink_to(secret),
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
    }
    answer = client.get(trained(make[disguise]))
    assert (answer.status_code, answer.json()["error"]) == (404, "no_model")


def test_statistics_tell_of_the_machine_and_of_every_process(
    client, conductor, launcher, make_simulation
):
    assert client.get("/simulations_statistics").json() == {
        "system_information": [],
        "docker_containers_info": [],
    }
    sim_id = make_simulation(name="mnist")
    make_simulation(status="finished", attempt=1)
    conductor.advance(sim_id)
    launcher.uses[Handle(sim_id, 1)] = Usage(cpu_s=3.0, memory_bytes=2**20)
    conductor.sample()
    answer = client.get("/simulations_statistics").json()
    [machine] = answer["system_information"]
    assert 0 < machine["memory_used_bytes"] < machine["memory_bytes"]
    assert 0 < machine["disk_used_bytes"] < machine["disk_bytes"] and machine["cpus"] >= 1
    [used] = answer["docker_containers_info"]
    assert used["id"] == str(sim_id)
    assert (used["name"], used["status"]) == ("mnist", "running")
    assert (used["cpu_s"], used["memory_bytes"]) == (3.0, 2**20)
