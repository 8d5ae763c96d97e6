"""Models are inspected before a launch, with the real database, and the real program where that matters."""

import json
import os

import pytest

from nnt_contract.model_report import MAX_ANSWER_BYTES
from nnt_deployer import doorbell
from nnt_deployer.launchers.base import Exit, Observed, State
from nnt_deployer.model_inspector import ModelInspector, Progress
from nnt_deployer.process_spec import ANSWER_FILE
from nnt_deployer.reconciler import ring_for_models
from nnt_deployer.shutdown import abandon_inspections
from nnt_deployer.store import open_store
from nnt_deployer.tasks import inspect_and_ring
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import wait_for
from tests.integration.fetches import status, want
from tests.integration.inspected_models import (
    ANSWER,
    MODEL,
    answer,
    ask,
    folder_of,
    found,
    handle_of,
    inspector,
    make_inspector,
    make_waiting,
    real_inspector,
    store,
    stores,
)

__all__ = [
    "answer",
    "ask",
    "folder_of",
    "found",
    "inspector",
    "make_inspector",
    "make_waiting",
    "real_inspector",
    "status",
    "store",
    "stores",
    "want",
]


def another(number: int) -> dict[str, object]:
    return MODEL | {"keras_version": str(number)}


def finish(inspector: ModelInspector, inspection_id: str) -> None:
    wait_for(lambda: inspector.advance(inspection_id) is Progress.ENDED, "the inspection to end")


# From the row to the answer, and to the launch


def test_nothing_starts_before_its_model_is_inspected_and_everything_after(
    make_waiting, real_inspector, conductor, status, found, settings
):
    sim_id, inspection_id = make_waiting()
    conductor.advance(sim_id)
    assert status(sim_id) == ("queued", "")
    assert real_inspector.due() == [inspection_id]
    finish(real_inspector, inspection_id)
    report = found(inspection_id)["report"]
    assert [(one["type"], one["parameters"]) for one in report["layers"]] == [
        ("Flatten", 0),
        ("Dense", 100_480),
        ("Dense", 1_290),
    ]
    assert real_inspector.due() == []
    assert list(settings.processes_dir.iterdir()) == []
    assert list(settings.model_inspections_dir.iterdir()) == []
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "")


def test_a_model_that_cannot_be_built_fails_who_waits_for_it_before_any_process(
    make_waiting, real_inspector, conductor, status, launcher
):
    model = json.loads(json.dumps(MODEL).replace('"units": 10', '"units": -10'))
    sim_id, inspection_id = make_waiting(model)
    finish(real_inspector, inspection_id)
    conductor.advance(sim_id)
    told, reason = status(sim_id)
    assert told == "failed" and reason.startswith("The model cannot be built")
    assert launcher.specs == []


def test_the_process_reaches_nobody_and_is_told_nothing(ask, inspector, launcher, settings):
    inspector.advance(ask())
    [spec] = launcher.specs
    assert (spec.network, spec.gpu, spec.reads) == (False, False, ())
    assert spec.memory_mb == settings.model_inspection_memory_mb
    assert [name for name in spec.environment if name.startswith("NNT_")] == []


def test_an_answer_that_finds_a_problem_is_kept_with_its_table(ask, inspector, answer, found):
    inspection_id = ask()
    inspector.advance(inspection_id)
    answer(inspection_id, json.dumps(json.loads(ANSWER) | {"problem": "It is too large."}), 65)
    assert inspector.advance(inspection_id) is Progress.ENDED
    row = found(inspection_id)
    assert row["problem"] == "It is too large." and row["finished_at"] is None
    assert len(row["report"]["layers"]) == 4


# Steps that any process can take


def test_every_step_can_be_that_of_another_process(ask, make_inspector, answer, found):
    inspection_id = ask()
    assert make_inspector().advance(inspection_id) is Progress.UNDER_WAY
    assert make_inspector().advance(inspection_id) is Progress.UNDER_WAY
    answer(inspection_id)
    assert make_inspector().advance(inspection_id) is Progress.ENDED
    assert make_inspector().advance(inspection_id) is Progress.IDLE
    assert found(inspection_id)["report"] == json.loads(ANSWER)


def test_one_process_at_a_time_takes_steps(ask, inspector, store):
    inspection_id = ask()
    with store.exclusive(inspection_id):
        assert inspector.advance(inspection_id) is Progress.IDLE
        assert inspector.due() == []
    assert inspector.due() == [inspection_id]


def test_who_was_killed_between_the_row_and_the_process_is_followed_by_another(
    ask, store, inspector, launcher
):
    inspection_id = ask()
    assert store.begin(inspection_id, places=1)
    assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    assert [spec.handle for spec in launcher.specs] == [handle_of(inspection_id)]


def test_an_answer_of_before_is_not_taken_for_this_one(ask, inspector, folder_of, found, launcher):
    inspection_id = ask()
    folder_of(inspection_id).mkdir(parents=True)
    (folder_of(inspection_id) / ANSWER_FILE).write_text(ANSWER)
    inspector.advance(inspection_id)
    launcher.end(handle_of(inspection_id), Exit(code=1))
    inspector.advance(inspection_id)
    assert "exit code 1" in found(inspection_id)["problem"]


def test_a_process_that_was_lost_with_the_machine_is_started_again(
    ask, inspector, launcher, answer, found
):
    inspection_id = ask()
    inspector.advance(inspection_id)
    launcher.end(handle_of(inspection_id), Exit(lost_with="the machine was restarted"))
    for _ in range(2):
        assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    assert len(launcher.specs) == 2
    answer(inspection_id)
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert found(inspection_id)["problem"] == ""


def test_a_process_that_is_lost_again_and_again_is_given_up(ask, inspector, launcher, found):
    inspection_id = ask()
    while inspector.advance(inspection_id) is Progress.UNDER_WAY:
        if launcher.processes:
            launcher.end(handle_of(inspection_id), Exit(lost_with="the machine was restarted"))
    assert len(launcher.specs) == 3
    assert "was lost 3 times" in found(inspection_id)["problem"]


def test_what_a_process_printed_that_no_text_holds_is_told_without_it(
    ask, inspector, launcher, found
):
    launcher.printed = b"a NUL: \0"
    inspection_id = ask()
    inspector.advance(inspection_id)
    launcher.end(handle_of(inspection_id), Exit(code=3))
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert found(inspection_id)["problem"].endswith("a NUL: \ufffd")


def test_an_engine_that_is_away_is_waited_for(ask, inspector, launcher, query, found):
    inspection_id = ask()
    launcher.away = "Docker does not answer"
    assert inspector.advance(inspection_id) is Progress.IDLE
    launcher.away = ""
    query("UPDATE model_inspections SET started_at = started_at - interval '1 day'")
    for _ in range(2):
        assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    assert found(inspection_id)["problem"] == ""


# What goes wrong


def test_what_takes_too_long_is_ended_and_told(ask, make_inspector, launcher, query, found):
    inspection_id, inspector = ask(), make_inspector(model_inspection_s=60)
    inspector.advance(inspection_id)
    query("UPDATE model_inspections SET started_at = started_at - interval '59 s'")
    assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    query("UPDATE model_inspections SET started_at = started_at - interval '2 s'")
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert found(inspection_id)["problem"] == "The model could not be inspected within 60 s."
    assert launcher.did == ["kill"] and launcher.processes == {}


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (Exit(code=3), "ended without an answer (exit code 3).\nthe first line\nthe last line"),
        (Exit(signal=6), "ended without an answer (signal 6)."),
        (Exit(signal=9, is_out_of_memory=True), "within 2048 MiB of memory."),
    ],
)
def test_a_process_that_ends_without_an_answer_is_told(ask, inspector, launcher, found, how, told):
    inspection_id = ask()
    inspector.advance(inspection_id)
    launcher.end(handle_of(inspection_id), how)
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert told in found(inspection_id)["problem"]
    assert launcher.processes == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer of the inspection is not valid"),
        ("[" * 100_000, "the answer of the inspection is not valid"),
        ('{"problem": 3}', "the answer of the inspection is not valid"),
        (ANSWER.replace("24360", '"many"'), "the answer of the inspection is not valid"),
        ('{"a\\u0000b": 1}', "a\ufffdb"),
        ('{"problem": "a\\u0000b"}', "the answer of the inspection is not valid"),
        (" " * MAX_ANSWER_BYTES + ANSWER, "answered with more than is taken"),
    ],
)
def test_an_answer_that_is_none_of_ours_is_not_believed_and_not_kept(
    ask, inspector, launcher, answer, found, folder_of, text, told
):
    inspection_id = ask()
    inspector.advance(inspection_id)
    answer(inspection_id, text)
    assert inspector.advance(inspection_id) is Progress.ENDED
    problem = found(inspection_id)["problem"]
    assert told in problem and len(problem) <= 4000
    assert found(inspection_id)["report"] is None
    assert launcher.processes == {} and not folder_of(inspection_id).exists()
    ask()
    assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    assert len(launcher.specs) == 2


@pytest.mark.parametrize("disguise", ["link", "pipe", "folder"])
def test_only_a_file_is_an_answer(ask, inspector, launcher, folder_of, found, tmp_path, disguise):
    inspection_id = ask()
    inspector.advance(inspection_id)
    secret, path = tmp_path / "secret", folder_of(inspection_id) / ANSWER_FILE
    secret.write_text(ANSWER)
    make = {"link": lambda: path.symlink_to(secret), "pipe": lambda: os.mkfifo(path)}
    make.get(disguise, path.mkdir)()
    launcher.end(handle_of(inspection_id), Exit(code=0))
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert "without an answer" in found(inspection_id)["problem"]
    assert secret.exists()


def test_a_launcher_that_cannot_start_it_says_why(ask, inspector, launcher, found):
    launcher.refuses = "there is no image nnt-simulation"
    inspection_id = ask()
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert found(inspection_id)["problem"] == "there is no image nnt-simulation"


def test_trouble_of_the_platforms_own_is_told_as_that(ask, inspector, settings, found):
    settings.model_inspections_dir.write_text("in the way")
    inspection_id = ask()
    with pytest.raises(OSError):
        inspector.advance(inspection_id)
    assert "The platform has trouble with it" in found(inspection_id)["problem"]


def test_what_failed_is_inspected_again_for_who_starts_or_asks_again(
    make_waiting, ask, inspector, launcher, answer, conductor, status, want, query, found
):
    sim_id, inspection_id = make_waiting()
    inspector.advance(inspection_id)
    answer(inspection_id, '{"problem": "It cannot be."}', 65)
    inspector.advance(inspection_id)
    conductor.advance(sim_id)
    assert status(sim_id) == ("failed", "It cannot be.")
    assert inspector.due() == []
    want(sim_id, "running")
    conductor.advance(sim_id)
    assert inspector.due() == [inspection_id]
    inspector.advance(inspection_id)
    assert found(inspection_id)["problem"] == ""
    answer(inspection_id, '{"problem": "It still cannot be."}', 65)
    inspector.advance(inspection_id)
    assert inspector.due() == []
    ask()
    assert inspector.due() == [inspection_id]


# Many at once


def test_two_are_inspected_at_once_and_those_that_simulations_wait_for_come_first(
    ask, make_waiting, inspector, answer
):
    looked_at = [ask(another(number)) for number in range(3)]
    _, awaited = make_waiting()
    assert inspector.due() == [awaited, looked_at[0]]
    assert [inspector.advance(one) for one in (awaited, *looked_at)] == [
        *[Progress.UNDER_WAY] * 2,
        *[Progress.IDLE] * 2,
    ]
    answer(awaited)
    inspector.advance(awaited)
    assert inspector.advance(looked_at[1]) is Progress.UNDER_WAY


def test_users_take_turns(make_waiting, inspector, query):
    of_one = [make_waiting(another(number))[1] for number in range(3)]
    sim_id, of_other = make_waiting()
    query(
        'INSERT INTO users SELECT (jsonb_populate_record(u, \'{"id": 2, "username": "bob"}\')).* FROM users u'
    )
    query("UPDATE simulations SET owner_id = 2 WHERE id = %s", sim_id)
    query(
        "UPDATE experiments SET owner_id = 2 WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)",
        sim_id,
    )
    assert inspector.due() == [of_one[0], of_other]


def test_its_process_belongs_to_somebody_until_it_has_ended(
    ask, inspector, conductor, launcher, answer
):
    inspection_id = ask()
    inspector.advance(inspection_id)
    handle = handle_of(inspection_id)
    conductor.end_strays()
    assert launcher.processes[handle].state is State.ALIVE
    answer(inspection_id)
    inspector.advance(inspection_id)
    launcher.processes[handle] = Observed(State.ALIVE)
    conductor.end_strays()
    assert launcher.processes[handle].state is State.EXITED
    conductor.end_strays()
    assert handle not in launcher.processes


def test_it_begins_again_after_the_platform_was_stopped(
    ask, inspector, launcher, settings, answer, found
):
    inspection_id = ask()
    inspector.advance(inspection_id)
    with open_store(settings) as store:
        abandon_inspections(launcher, store)
    assert launcher.did == ["kill"] and launcher.processes == {}
    assert inspector.advance(inspection_id) is Progress.UNDER_WAY
    answer(inspection_id)
    assert inspector.advance(inspection_id) is Progress.ENDED
    assert found(inspection_id)["problem"] == ""


# Bells


def test_who_waits_is_rung_when_it_ends(
    make_waiting, ask, inspector, answer, settings, monkeypatch
):
    rung = []
    monkeypatch.setattr(
        doorbell, "ring", lambda celery, key, task=doorbell.ADVANCE: rung.append((task, key))
    )
    sim_id, inspection_id = make_waiting()
    inspector.advance(inspection_id)
    answer(inspection_id)
    another_id = ask(another(1))
    inspect_and_ring(create_celery(settings), inspector, inspection_id)
    assert rung == [(doorbell.ADVANCE, sim_id), (doorbell.INSPECT_MODEL, another_id)]


def test_a_worker_waits_for_a_moment_and_rings_again(ask, inspector, settings):
    celery = create_celery(settings)
    inspect_and_ring(celery, inspector, ask())
    assert waiting(celery, doorbell.QUEUE) == 1


def test_the_loop_rings_once_for_what_is_due(ask, inspector, settings):
    celery = create_celery(settings)
    ask()
    for _ in range(3):
        ring_for_models(inspector, celery)
    assert waiting(celery, doorbell.QUEUE) == 1


def test_without_redis_the_loop_takes_the_steps(
    ask, inspector, settings_without_redis, launcher, answer, found
):
    celery = create_celery(settings_without_redis)
    inspection_id = ask()
    ring_for_models(inspector, celery)
    assert len(launcher.specs) == 1
    answer(inspection_id)
    ring_for_models(inspector, celery)
    assert found(inspection_id)["finished_at"] is not None
