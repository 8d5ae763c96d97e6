"""Launchers that let the deployer down, each in its way, with the real database."""

import json
import logging
from threading import Event, Thread

import pytest

from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers.base import Exit, Handle, State
from nnt_deployer.lifecycle import not_ready
from nnt_deployer.reconciler import look_after, tick
from nnt_deployer.worker import create_celery

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def state(query):
    return lambda sim_id: query("SELECT status, reason FROM simulations WHERE id = %s", sim_id)[0]


@pytest.fixture
def celery(settings_without_redis):
    """The loop has to act itself."""
    return create_celery(settings_without_redis)


def test_one_that_is_slow_starts_it_once_and_holds_up_nobody_else(
    launcher, make_conductor, make_simulation, state, monkeypatch, celery
):
    started, go_on = Event(), Event()
    slow, other = make_simulation(), make_simulation()
    start = launcher.start

    def start_slowly(spec):
        if spec.handle.sim_id == slow:
            started.set()
            assert go_on.wait(30)
        start(spec)

    monkeypatch.setattr(launcher, "start", start_slowly)
    first = Thread(target=make_conductor().advance, args=(slow,))
    first.start()
    assert started.wait(30)
    tick(make_conductor(), celery)
    assert state(slow)[0] == "preparing" and state(other)[0] == "running"
    go_on.set()
    first.join(30)
    assert state(slow)[0] == "running"
    assert [spec.handle.sim_id for spec in launcher.specs] == [other, slow]


def test_one_that_starts_nothing_and_says_it_did_fails_the_simulation_with_that_reason(
    launcher, conductor, make_simulation, state, monkeypatch
):
    sim_id = make_simulation()
    monkeypatch.setattr(launcher, "start", lambda spec: None)
    conductor.advance(sim_id)
    assert state(sim_id) == ("failed", "its process was started, and there is no trace of it")


def test_one_that_starts_and_says_it_did_not_leaves_no_process_behind(
    launcher, conductor, make_simulation, state, monkeypatch
):
    sim_id, start = make_simulation(), launcher.start

    def start_and_fail(spec):
        start(spec)
        raise LaunchFailed("no answer in time")

    monkeypatch.setattr(launcher, "start", start_and_fail)
    conductor.advance(sim_id)
    assert state(sim_id)[0] == "failed"
    conductor.end_strays()
    handle = Handle(sim_id, 1)
    assert launcher.observe([handle])[handle].state is State.EXITED


def test_a_process_that_dies_before_its_first_sign_has_failed_with_how_it_ended(
    launcher, conductor, make_simulation, state, monkeypatch
):
    sim_id, start = make_simulation(), launcher.start

    def start_and_die(spec):
        start(spec)
        launcher.end(spec.handle, Exit(code=127))

    monkeypatch.setattr(launcher, "start", start_and_die)
    conductor.advance(sim_id)
    status, reason = state(sim_id)
    assert status == "failed" and reason.startswith("its process ended with exit code 127")


def test_one_that_breaks_over_a_simulation_does_not_hold_up_the_others(
    launcher, conductor, make_simulation, state, monkeypatch, celery
):
    broken, well = make_simulation(), make_simulation()
    start = launcher.start

    def start_or_break(spec):
        if spec.handle.sim_id == broken:
            raise ZeroDivisionError
        start(spec)

    monkeypatch.setattr(launcher, "start", start_or_break)
    tick(conductor, celery)
    assert state(well) == ("running", "")
    told = "the platform has trouble with it and tries again (ZeroDivisionError)"
    assert state(broken) == ("preparing", told)
    monkeypatch.undo()
    tick(conductor, celery)
    assert state(broken) == ("running", "")


def test_a_stray_that_cannot_be_killed_does_not_save_the_others(
    launcher, conductor, make_simulation, query, monkeypatch
):
    sim_ids = [make_simulation(), make_simulation()]
    for sim_id in sim_ids:
        conductor.advance(sim_id)
    query("UPDATE simulations SET status = 'failed', wanted = 'stopped'")
    undead, stray = launcher.known()
    kill = launcher.kill

    def kill_but_one(handle):
        if handle == undead:
            raise LaunchFailed("it does not die")
        kill(handle)

    monkeypatch.setattr(launcher, "kill", kill_but_one)
    conductor.end_strays()
    seen = launcher.observe([undead, stray])
    assert seen[undead].is_there and not seen[stray].is_there


AWAY = "Docker does not answer"


def test_one_that_is_away_fails_nothing_and_its_owner_is_told_until_it_is_back(
    launcher, conductor, make_simulation, state, celery, query
):
    running, paused = make_simulation(), make_simulation()
    for sim_id in (running, paused):
        conductor.advance(sim_id)
    query("UPDATE simulations SET wanted = 'paused' WHERE id = %s", paused)
    conductor.advance(paused)
    waiting = make_simulation()
    before = dict(launcher.processes)
    launcher.away = AWAY
    for _ in range(3):
        tick(conductor, celery)
    assert conductor.due() == []
    assert state(running) == ("running", not_ready(AWAY))
    assert state(waiting) == ("queued", not_ready(AWAY))
    assert state(paused) == ("paused", "")
    assert launcher.processes == before
    launcher.away = ""
    tick(conductor, celery)
    assert [state(sim_id)[0] for sim_id in (running, paused, waiting)] == [
        "running",
        "paused",
        "running",
    ]
    assert [state(sim_id)[1] for sim_id in (running, paused, waiting)] == ["", "", ""]
    assert [spec.handle for spec in launcher.specs] == [
        Handle(sim_id, 1) for sim_id in (running, paused, waiting)
    ]


def test_one_that_goes_away_while_it_starts_a_simulation_starts_it_once_later(
    launcher, conductor, make_simulation, state, celery, monkeypatch
):
    sim_id, start = make_simulation(), launcher.start

    def start_and_go_away(spec):
        start(spec)
        launcher.away = AWAY

    monkeypatch.setattr(launcher, "start", start_and_go_away)
    tick(conductor, celery)
    assert state(sim_id) == ("preparing", not_ready(AWAY))
    launcher.away = ""
    tick(conductor, celery)
    assert state(sim_id) == ("running", "")
    assert [spec.handle for spec in launcher.specs] == [Handle(sim_id, 1)]


def test_one_that_is_away_when_a_simulation_is_deleted_deletes_it_later(
    launcher, conductor, make_simulation, state, celery, query
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    query("UPDATE simulations SET wanted = 'deleted'")
    launcher.away = AWAY
    tick(conductor, celery)
    assert state(sim_id)[0] == "deleting" and len(launcher.processes) == 1
    launcher.away = ""
    tick(conductor, celery)
    assert query("SELECT count(*) FROM simulations") == [(0,)] and launcher.processes == {}


def test_one_that_is_away_costs_a_line_of_the_log_each_tick(
    launcher, conductor, make_simulation, celery, caplog
):
    conductor.advance(make_simulation())
    tick(conductor, celery)
    launcher.away = AWAY
    caplog.clear()
    with caplog.at_level(logging.INFO, "nnt_deployer"):
        tick(conductor, celery)
        look_after(conductor, is_time_for_strays=True)
    told = [record for record in caplog.records if "Redis" not in record.getMessage()]
    assert [record.getMessage().startswith(AWAY) for record in told] == [True]
    assert told[0].exc_info is None


def test_every_tick_mends_what_processes_need(launcher, conductor):
    look_after(conductor, is_time_for_strays=False)
    assert launcher.mended == 1


def test_models_that_somebody_only_looked_at_are_forgotten_though_nobody_deletes_anything(
    conductor, query
):
    query(
        "INSERT INTO model_inspections (id, model, backend, asked_at) VALUES ('a', '{}', '', now() - interval '2 d')"
    )
    look_after(conductor, is_time_for_strays=True)
    assert query("SELECT count(*) FROM model_inspections") == [(0,)]


@pytest.mark.parametrize(("has_gpu", "told"), [(True, ""), (False, "no graphics processor")])
def test_one_without_a_graphics_processor_trains_without_and_the_history_tells(
    launcher, conductor, make_simulation, state, query, has_gpu, told
):
    launcher.gpu = has_gpu
    sim_id = make_simulation()
    query(
        "UPDATE simulations SET configuration = configuration || %s::jsonb",
        json.dumps({"gpu": True}),
    )
    conductor.advance(sim_id)
    assert state(sim_id)[0] == "running" and launcher.specs[0].gpu
    [(reason,)] = query("SELECT reason FROM simulation_events WHERE status = 'running'")
    assert reason.startswith(told) and bool(reason) == bool(told)


def test_the_dead_are_cleared_away_once_their_end_was_written_down(
    launcher, conductor, make_simulation, state
):
    ended, other = make_simulation(), make_simulation()
    for sim_id in (ended, other):
        conductor.advance(sim_id)
        launcher.end(Handle(sim_id, 1), Exit(code=1))
    conductor.advance(ended)
    assert (state(ended)[0], state(other)[0]) == ("failed", "running")
    conductor.end_strays()
    assert launcher.cleared == [Handle(ended, 1)]
