"""What a user may ask of a simulation, from the wish in the database to its effect, with the real database."""

from datetime import timedelta

import pytest

from nnt_contract.environment import EXIT_FINISHED, EXIT_STOPPED
from nnt_contract.simulation_config import Limits
from nnt_deployer.launchers.base import Exit, Handle, State, Usage
from nnt_deployer.shutdown import suspend_all
from nnt_deployer.store import open_store

MIB = 2**20


@pytest.fixture
def status(query):
    return lambda sim_id: query("SELECT status FROM simulations WHERE id = %s", sim_id)[0][0]


@pytest.fixture
def reason(query):
    return lambda sim_id: query("SELECT reason FROM simulations WHERE id = %s", sim_id)[0][0]


@pytest.fixture
def want(query, conductor):
    """Asks as the server does, and rings."""

    def ask(sim_id, wanted):
        query(
            "UPDATE simulations SET wanted = %s, wanted_at = clock_timestamp() WHERE id = %s",
            wanted,
            sim_id,
        )
        conductor.advance(sim_id)

    return ask


@pytest.fixture
def running(make_simulation, conductor, status):
    def start(**columns):
        sim_id = make_simulation(**columns)
        conductor.advance(sim_id)
        assert status(sim_id) == "running"
        return sim_id

    return start


def observed(launcher, sim_id, attempt=1):
    handle = Handle(sim_id, attempt)
    return launcher.observe([handle])[handle].state


def test_it_is_paused_and_goes_on_as_the_same_process(running, want, status, launcher):
    sim_id = running()
    want(sim_id, "paused")
    assert (status(sim_id), observed(launcher, sim_id)) == ("paused", State.PAUSED)
    want(sim_id, "running")
    assert (status(sim_id), observed(launcher, sim_id)) == ("running", State.ALIVE)
    assert len(launcher.specs) == 1


def test_a_queued_one_is_paused_where_it_is_and_queued_again(
    make_simulation, running, want, status, conductor, launcher
):
    for _ in range(2):
        running()
    sim_id = make_simulation()
    want(sim_id, "paused")
    assert status(sim_id) == "paused" and conductor.due() == []
    want(sim_id, "running")
    assert status(sim_id) == "queued"


def test_a_paused_one_gives_its_place_away_and_waits_for_one(
    make_simulation, running, want, status, conductor, launcher
):
    paused, other = running(), running()
    want(paused, "paused")
    next_one = make_simulation()
    conductor.advance(next_one)
    assert status(next_one) == "running"
    want(paused, "running")
    assert (status(paused), observed(launcher, paused)) == ("paused", State.PAUSED)
    launcher.end(Handle(other, 1), Exit(signal=9))
    conductor.advance(other)
    assert conductor.due() == [paused]
    conductor.advance(paused)
    assert (status(paused), observed(launcher, paused)) == ("running", State.ALIVE)


def test_it_is_stopped_when_it_has_ended_as_asked_and_starts_again_as_another_attempt(
    running, want, status, reason, launcher, conductor
):
    sim_id = running()
    want(sim_id, "stopped")
    conductor.advance(sim_id)
    assert (status(sim_id), reason(sim_id)) == ("stopped", "")
    assert launcher.did == ["ask"]
    want(sim_id, "running")
    assert status(sim_id) == "running"
    assert [spec.handle.attempt for spec in launcher.specs] == [1, 2]


def test_one_that_does_not_listen_is_told_to_end_at_once_and_then_killed(
    running, want, status, reason, launcher, make_conductor
):
    sim_id = running()
    launcher.is_deaf = True
    want(sim_id, "stopped")
    assert (status(sim_id), launcher.did) == ("stopping", ["ask"])
    make_conductor(stop_ask_s=0).advance(sim_id)
    assert (status(sim_id), launcher.did) == ("stopping", ["ask", "insist"])
    make_conductor(stop_ask_s=0, stop_insist_s=0).advance(sim_id)
    assert (status(sim_id), launcher.did) == ("stopped", ["ask", "insist", "kill"])
    assert "killed (SIGKILL)" in reason(sim_id)


def test_a_stop_that_comes_too_late_leaves_it_finished(
    running, want, status, launcher, conductor, query
):
    sim_id = running()
    launcher.is_deaf = True
    want(sim_id, "stopped")
    launcher.end(Handle(sim_id, 1), Exit(code=EXIT_FINISHED))
    conductor.advance(sim_id)
    assert status(sim_id) == "finishing"


def test_a_failed_one_starts_again_only_when_it_is_asked_to(
    running, want, status, launcher, conductor
):
    sim_id = running()
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    assert status(sim_id) == "failed"
    conductor.advance(sim_id)
    assert status(sim_id) == "failed" and conductor.due() == []
    want(sim_id, "running")
    assert status(sim_id) == "running" and len(launcher.specs) == 2


def test_after_a_reboot_what_was_wanted_running_goes_on_once_and_what_was_paused_stays_so(
    running, want, status, reason, launcher, conductor
):
    paused, other = running(), running()
    want(paused, "paused")
    for handle in list(launcher.processes):
        launcher.end(handle, Exit())
    for sim_id in conductor.due():
        conductor.advance(sim_id)
    assert (status(other), status(paused)) == ("running", "paused")
    assert "disappeared" in reason(paused)
    assert conductor.due() == []
    assert [spec.handle for spec in launcher.specs[2:]] == [Handle(other, 2)]
    want(paused, "running")
    assert status(paused) == "running" and launcher.specs[-1].handle == Handle(paused, 2)


def test_one_that_brings_the_machine_down_is_given_up(running, status, reason, launcher, conductor):
    sim_id = running()
    for attempt in range(1, 5):
        assert status(sim_id) == "running"
        launcher.end(Handle(sim_id, attempt), Exit())
        conductor.advance(sim_id)
    assert status(sim_id) == "failed" and "4 times in a row" in reason(sim_id)


def test_one_that_gets_on_between_interruptions_is_not_given_up(
    running, status, launcher, conductor, query
):
    sim_id = running()
    for attempt in range(1, 8):
        query("INSERT INTO collections VALUES (%s, %s, %s, now(), '', 0)", sim_id, attempt, attempt)
        launcher.end(Handle(sim_id, attempt), Exit())
        conductor.advance(sim_id)
        assert status(sim_id) == "running"


def test_every_change_is_in_the_history_with_its_reason(running, want, launcher, conductor, query):
    sim_id = running()
    want(sim_id, "paused")
    want(sim_id, "running")
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    events = query(
        "SELECT actor, what, status, reason FROM simulation_events WHERE sim_id = %s ORDER BY id",
        sim_id,
    )
    assert [event[2] for event in events] == ["preparing", "running", "paused", "running", "failed"]
    assert {event[:2] for event in events} == {("deployer", "status")}
    assert "killed (SIGKILL)" in events[-1][3]


@pytest.fixture
def other_user(query):
    query(
        "INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, email,"
        " date_joined) VALUES (2, 'bob', '', false, false, true, '', '', '', now())"
    )

    def give(sim_id):
        query("UPDATE simulations SET owner_id = 2 WHERE id = %s", sim_id)
        return sim_id

    return give


def places(query):
    return [row[0] for row in query("SELECT sim_id FROM simulation_queue() ORDER BY place")]


def test_users_take_turns_in_the_queue(make_simulation, running, other_user, query):
    running()
    alices = [make_simulation() for _ in range(3)]
    bobs = [other_user(make_simulation()) for _ in range(3)]
    assert places(query) == [bobs[0], alices[0], bobs[1], alices[1], bobs[2], alices[2]]


def test_who_has_as_many_as_a_user_may_have_holds_up_nobody(
    make_simulation, make_conductor, status, other_user
):
    conductor = make_conductor(max_running=3, max_running_per_user=1)
    alices = [make_simulation() for _ in range(3)]
    bob = other_user(make_simulation())
    for sim_id in [*alices, bob]:
        conductor.advance(sim_id)
    assert [status(sim_id) for sim_id in [*alices, bob]] == [
        "running",
        "queued",
        "queued",
        "running",
    ]
    assert conductor.due() == []


def configuration_with(query, sim_id, limits):
    query(
        "UPDATE simulations SET configuration = configuration || jsonb_build_object('limits', %s::jsonb)"
        " WHERE id = %s",
        limits.model_dump_json(),
        sim_id,
    )


@pytest.mark.parametrize(
    ("limits", "usage", "told"),
    [
        (Limits(memory_mb=100), Usage(0.0, 200 * MIB), "it used 200 MiB of memory"),
        (Limits(cpu_s=60), Usage(90.0, 0), "it used 0:01:30 (h:mm:ss) of processor time"),
    ],
)
def test_over_a_limit_it_fails_with_the_limit_and_what_it_used(
    running, launcher, conductor, status, reason, query, limits, usage, told
):
    sim_id = running()
    configuration_with(query, sim_id, limits)
    launcher.uses[Handle(sim_id, 1)] = usage
    assert conductor.due() == []
    conductor.sample()
    assert conductor.due() == [sim_id]
    conductor.advance(sim_id)
    assert status(sim_id) == "failed" and reason(sim_id).startswith(told)
    assert observed(launcher, sim_id) is State.EXITED


def usage_of(query, sim_id):
    [row] = query(
        "SELECT cpu_s, extract(epoch FROM wall_s * interval '1 s'), peak_memory_bytes, memory_bytes, cpu_percent"
        " FROM simulation_usage WHERE sim_id = %s",
        sim_id,
    )
    return row


def earlier(query, sim_id, seconds):
    """Lets the last look at it be so long ago."""
    query(
        "UPDATE simulation_usage SET sampled_at = sampled_at - %s * interval '1 s' WHERE sim_id = %s",
        seconds,
        sim_id,
    )


def test_usage_is_of_all_attempts_and_pauses_do_not_count(
    running, want, launcher, conductor, query
):
    sim_id = running()
    launcher.uses[Handle(sim_id, 1)] = Usage(10.0, 5 * MIB)
    conductor.sample()
    earlier(query, sim_id, 100)
    launcher.uses[Handle(sim_id, 1)] = Usage(60.0, 3 * MIB)
    conductor.sample()
    cpu_s, wall_s, peak, now, percent = usage_of(query, sim_id)
    assert (cpu_s, peak, now) == (60.0, 5 * MIB, 3 * MIB)
    assert wall_s == pytest.approx(100, abs=5) and percent == pytest.approx(50, abs=3)
    want(sim_id, "paused")
    conductor.sample()
    earlier(query, sim_id, 1000)
    want(sim_id, "running")
    conductor.sample()
    assert usage_of(query, sim_id)[1] == pytest.approx(100, abs=5)
    launcher.end(Handle(sim_id, 1), Exit(signal=9, cpu_s=75.0))
    conductor.advance(sim_id)
    assert usage_of(query, sim_id)[0] == 75.0
    want(sim_id, "running")
    launcher.uses[Handle(sim_id, 2)] = Usage(5.0, MIB)
    conductor.sample()
    assert (usage_of(query, sim_id)[0], usage_of(query, sim_id)[2]) == (80.0, MIB)


def test_a_process_that_no_simulation_has_is_ended(running, conductor, launcher, query, status):
    kept, lost, old = running(), running(), None
    old = Handle(kept, 7)
    launcher.processes[old] = launcher.processes[Handle(kept, 1)]
    query("SELECT delete_simulation(%s)", lost)
    conductor.end_strays()
    assert observed(launcher, kept) is State.ALIVE
    assert observed(launcher, lost) is State.EXITED
    assert launcher.observe([old])[old].state is State.EXITED


def test_when_the_platform_ends_trainings_are_suspended_and_its_next_start_goes_on_with_them(
    running, want, make_simulation, conductor, launcher, status, reason, settings, query
):
    going, paused = running(), running()
    want(paused, "paused")
    deaf = make_simulation()
    conductor.advance(deaf)
    finished = Handle(going, 1)
    with open_store(settings) as store:
        assert suspend_all(conductor, launcher, store, timedelta(seconds=5)) == 3
    assert launcher.processes[finished].exit == Exit(code=EXIT_STOPPED)
    assert (status(going), status(deaf), status(paused)) == ("queued", "queued", "paused")
    assert "the platform was stopped" in reason(going)
    assert not any(seen.is_there for seen in launcher.processes.values())
    for sim_id in conductor.due():
        conductor.advance(sim_id)
    assert (status(going), status(deaf), status(paused)) == ("running", "running", "paused")
    assert query("SELECT max(interruptions) FROM simulations") == [(0,)]


def test_a_training_that_ends_while_the_platform_does_has_its_true_end(
    running, conductor, launcher, settings, status
):
    sim_id = running()
    with open_store(settings) as store:
        launcher.ask = lambda handle: launcher.end(handle, Exit(code=EXIT_FINISHED))
        suspend_all(conductor, launcher, store, timedelta(seconds=5))
    conductor.advance(sim_id)
    assert status(sim_id) == "finishing"
