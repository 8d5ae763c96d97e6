"""The list of simulations for programs, one of them, and what is asked of it."""

import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nnt_contract.status import Status, Wanted
from nnt_server.simulations.models import Simulation, Tag
from tests.server.api.conftest import path_to
from tests.server.conftest import CONFIGURATION, a_simulation, arrives, becomes, unknown

LIST = "/api/simulations"


def names(answer) -> list[str]:
    return [item["name"] for item in answer.json()["items"]]


def tagged(simulation: Simulation, name: str) -> Simulation:
    simulation.tags.add(Tag.objects.get_or_create(owner=simulation.owner, name=name)[0])
    return simulation


def test_pages_are_cut_from_the_newest_on_and_say_the_total(program, alice):
    for number in range(5):
        a_simulation(alice.user, f"number {number}")
    answer = program.get(LIST, {"limit": 2, "offset": 1})
    assert names(answer) == ["number 3", "number 2"]
    assert {key: answer.json()[key] for key in ("total", "limit", "offset")} == {
        "total": 5,
        "limit": 2,
        "offset": 1,
    }
    assert program.get(LIST, {"offset": 10**9}).json()["items"] == []


def test_filters_narrow_the_list_together(program, alice):
    tagged(a_simulation(alice.user, "Digits one", status=Status.FAILED), "x & y")
    tagged(a_simulation(alice.user, "digits two"), "x & y")
    a_simulation(alice.user, "letters", status=Status.FAILED)
    for asked, found in [
        ({"name": "digits"}, {"Digits one", "digits two"}),
        ({"status": "failed"}, {"Digits one", "letters"}),
        ({"tag": "x & y"}, {"Digits one", "digits two"}),
        ({"tag": "x & y", "status": "failed"}, {"Digits one"}),
        ({"name": "100%"}, set()),
        ({"owner": "alice", "name": "letters"}, {"letters"}),
    ]:
        assert set(names(program.get(LIST, asked))) == found, asked


def test_people_see_their_own_and_administrators_choose_whose(
    program, alice, bob, administrators_program
):
    tagged(a_simulation(alice.user, "of alice"), "same")
    tagged(a_simulation(bob.user, "of bob"), "same")
    assert names(program.get(LIST)) == ["of alice"] == names(program.get(LIST, {"tag": "same"}))
    assert names(program.get(LIST, {"owner": "bob"})) == []
    assert names(administrators_program.get(LIST)) == ["of bob", "of alice"]
    assert names(administrators_program.get(LIST, {"owner": "bob"})) == ["of bob"]
    assert len(names(administrators_program.get(LIST, {"tag": "same"}))) == 2


def test_wrong_filters_are_named_all_at_once_with_what_came(program):
    asked = {"status": "happy", "limit": "0", "offset": "x", "name": "\0", "tag": "x" * 201}
    answer = program.get(LIST, asked)
    assert answer.status_code == 422
    found = {field["field"]: field for field in answer.json()["fields"]}
    assert found.keys() == {"status", "limit", "offset", "name", "tag"}
    assert "'paused'" in found["status"]["expected"] and found["limit"]["received"] == "'0'"


def test_a_hundred_cost_as_many_queries_as_one_and_no_model_is_read(program, alice):
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            program.get(LIST, {"limit": 500})
        return [query["sql"] for query in captured]

    for number in range(100):
        arrives(tagged(a_simulation(alice.user), f"tag {number % 7}"), number, 0.5, 0.5, 0.5, 0.5)
        if number == 0:
            few = queries()
    many = queries()
    assert len(many) <= len(few) and not any('"simulations"."model"' in sql for sql in many)


def test_one_simulation_tells_how_it_is_and_how_far(program, alice):
    simulation = tagged(a_simulation(alice.user, status=Status.RUNNING), "digits")
    for epoch in (0, 2):
        arrives(simulation, epoch, math.nan, 0.25, math.inf, None)
    said = program.get(path_to(simulation)).json()
    assert said["id"] == str(simulation.id) and said["name"] == "digits"
    assert (said["status"], said["wanted"], said["reason"]) == ("running", "running", "")
    assert (said["epoch"], said["goal_epochs"]) == (3, 20)
    assert (said["received"], said["expected"]) == (2, 11)
    assert (said["loss"], said["accuracy"]) == ("NaN", 0.25)
    assert said["configuration"] == CONFIGURATION and said["tags"] == ["digits"]
    assert "model" not in said


@pytest.mark.parametrize(
    ("command", "status", "wanted"),
    [
        ("pause", Status.RUNNING, Wanted.PAUSED),
        ("resume", Status.PAUSED, Wanted.RUNNING),
        ("stop", Status.RUNNING, Wanted.STOPPED),
        ("start", Status.FAILED, Wanted.RUNNING),
    ],
)
def test_a_command_is_accepted_and_rung(program, alice, doorbell, command, status, wanted):
    before = Wanted.PAUSED if status is Status.PAUSED else Wanted.RUNNING
    simulation = a_simulation(alice.user, status=status, wanted=before)
    answer = program.post(path_to(simulation, command))
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["wanted"]) == (status, wanted)
    assert Simulation.objects.get().wanted == wanted and len(doorbell.rings) == 1
    assert simulation.events.get().actor == "alice"


def test_a_command_that_makes_no_sense_is_409_with_the_reason(program, alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    answer = program.post(path_to(simulation, "pause"))
    assert answer.status_code == 409 and doorbell.rings == []
    assert answer.json()["error"] == "illegal_command"
    assert "is finished. Only what is" in answer.json()["message"]


def test_deleting_is_accepted(program, alice, doorbell):
    simulation = a_simulation(alice.user)
    answer = program.delete(path_to(simulation))
    assert answer.status_code == 202 and answer.json()["wanted"] == "deleted"
    assert Simulation.objects.get().wanted == Wanted.DELETED
    assert doorbell.rings == [("DELETE", f"/simulations/{simulation.id}", None)]
    assert program.delete(path_to(simulation)).status_code == 202


def test_events_are_told_the_newest_first(program, alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    program.post(path_to(simulation, "stop"))
    becomes(simulation, Status.STOPPED, "as asked")
    latest, first = program.get(path_to(simulation, "events")).json()
    assert (first["actor"], first["what"], first["status"]) == ("alice", "stop", None)
    assert (latest["status"], latest["reason"]) == ("stopped", "as asked")


@pytest.mark.parametrize(
    ("method", "what"),
    [
        *(("GET", what) for what in ("", "epochs", "metrics", "statistics", "log", "events")),
        *(("GET", what) for what in ("export", "weights?layer=1&variable=kernel&epoch=0")),
        *(("POST", what) for what in ("pause", "resume", "stop", "start")),
        ("DELETE", ""),
    ],
)
def test_what_is_somebody_elses_is_404_as_what_does_not_exist(
    strangers_program, alice, doorbell, method, what
):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    theirs = strangers_program.generic(method, path_to(simulation, what))
    missing = strangers_program.generic(method, path_to(Simulation(id=unknown()), what))
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() == missing.json() and doorbell.rings == []
    assert Simulation.objects.get().wanted == Wanted.RUNNING
