"""The next step, for every combination of what is wanted and what is observed that matters."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED
from nnt_contract.status import MOVES, Status, Wanted
from nnt_deployer.launchers.base import Exit, Observed, State
from nnt_deployer.lifecycle import (
    MAX_INTERRUPTIONS,
    REMOVED,
    RESUMES,
    STOPPING,
    WAITING,
    Ask,
    Continue,
    Insist,
    Kill,
    Move,
    Note,
    Patience,
    Pause,
    Prepare,
    Remove,
    Requeue,
    Resume,
    RunEnd,
    Situation,
    Start,
    describe_exit,
    next_step,
    not_ready,
)

PATIENCE = Patience(
    finishing=timedelta(minutes=10), asking=timedelta(minutes=5), insisting=timedelta(seconds=30)
)
GONE = Observed(State.GONE)
ALIVE = Observed(State.ALIVE)
HALTED = Observed(State.PAUSED)
DONE = Observed(State.EXITED, Exit(code=EXIT_FINISHED))
ASKED = Observed(State.EXITED, Exit(code=EXIT_STOPPED))
KILLED = Observed(State.EXITED, Exit(signal=9))
REPORTED = Observed(State.EXITED, Exit(code=EXIT_FAILED))
LOST = Observed(State.EXITED, Exit())
AWAY = Observed(State.UNKNOWN, why="Docker does not answer")
TOLD_AWAY = not_ready("Docker does not answer")
WELL, BADLY = RunEnd(None), RunEnd("the labels are strings")
OVER = "it used 2 MiB of memory, its limit is 1 MiB"
KILLED_SO = f"its process was killed (SIGKILL); {RESUMES}"

NOW = Situation(
    wanted=Wanted.RUNNING,
    status=Status.RUNNING,
    observed=ALIVE,
    run_end=None,
    received=0,
    expected=3,
    may_start=False,
    in_status_for=timedelta(0),
)


def step(**changes: object):
    return next_step(replace(NOW, **changes), PATIENCE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        (Status.QUEUED, {"observed": GONE}, None),
        (Status.QUEUED, {"observed": GONE, "may_start": True}, Prepare()),
        (
            Status.QUEUED,
            {"observed": GONE, "obstacle": "no such host"},
            Move(Status.FAILED, "no such host"),
        ),
        (Status.FAILED, {"observed": GONE, "obstacle": "no such host"}, None),
        (
            Status.QUEUED,
            {"observed": GONE, "obstacle": "no such host", "wanted": Wanted.PAUSED},
            Move(Status.PAUSED),
        ),
        (Status.PREPARING, {"observed": GONE}, Start()),
        (Status.PREPARING, {"observed": ALIVE}, Move(Status.RUNNING)),
        (
            Status.PREPARING,
            {"observed": KILLED},
            Move(Status.FAILED, describe_exit(Exit(signal=9)), needs_log=True),
        ),
        (Status.RUNNING, {"observed": ALIVE}, None),
        (Status.RUNNING, {"observed": GONE}, Move(Status.FAILED, REMOVED, needs_log=True)),
        (Status.RUNNING, {"observed": DONE}, Move(Status.FINISHING)),
        (
            Status.RUNNING,
            {"observed": DONE, "run_end": WELL, "received": 2},
            Move(Status.FINISHING),
        ),
        (Status.RUNNING, {"observed": DONE, "run_end": WELL, "received": 3}, Move(Status.FINISHED)),
        (Status.RUNNING, {"observed": DONE, "received": 3}, Move(Status.FINISHING)),
        (Status.RUNNING, {"observed": REPORTED}, None),
        (
            Status.RUNNING,
            {"observed": REPORTED, "run_end": BADLY},
            Move(Status.FAILED, "the labels are strings"),
        ),
        (Status.FINISHING, {"observed": DONE, "run_end": WELL, "received": 2}, None),
        (
            Status.FINISHING,
            {"observed": DONE, "run_end": WELL, "received": 3},
            Move(Status.FINISHED),
        ),
        (Status.FINISHED, {"observed": DONE}, None),
        (Status.FAILED, {"observed": KILLED}, None),
        (
            Status.RUNNING,
            {"observed": KILLED, "run_end": WELL, "received": 3},
            Move(Status.FINISHED),
        ),
        (
            Status.RUNNING,
            {"observed": KILLED, "run_end": WELL, "received": 2},
            Move(Status.FINISHING),
        ),
        (
            Status.FAILED,
            {"observed": KILLED, "run_end": WELL, "received": 3},
            Move(Status.FINISHED),
        ),
        (Status.FAILED, {"observed": REPORTED, "run_end": BADLY}, Note("the labels are strings")),
        (Status.RUNNING, {"is_waiting": True}, Note(WAITING)),
        (Status.RUNNING, {"is_waiting": True, "reason": WAITING}, None),
        (Status.RUNNING, {"reason": WAITING}, Note("")),
    ],
)
def test_the_step_that_brings_what_is_true_to_what_is_wanted(status, changes, expected):
    assert step(status=status, **changes) == expected


P, S, R = ({"wanted": wanted} for wanted in (Wanted.PAUSED, Wanted.STOPPED, Wanted.RUNNING))
AGAIN = {"is_asked_again": True}
ROOM = {"may_start": True}


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        (Status.QUEUED, P | ROOM | {"observed": GONE}, Move(Status.PAUSED)),
        (Status.QUEUED, S | ROOM | {"observed": GONE}, Move(Status.STOPPED)),
        (Status.QUEUED, ROOM | {"observed": ALIVE}, Kill()),
        (Status.PREPARING, P | {"observed": GONE}, Move(Status.PAUSED)),
        (Status.PREPARING, S | {"observed": GONE}, Move(Status.STOPPED)),
        (Status.PREPARING, P | {"observed": ALIVE}, Move(Status.RUNNING)),
        (Status.RUNNING, P | {"observed": ALIVE}, Pause()),
        (Status.RUNNING, P | {"observed": HALTED}, Move(Status.PAUSED)),
        (Status.RUNNING, R | {"observed": HALTED}, Resume()),
        (Status.RUNNING, S | {"observed": ALIVE}, Move(Status.STOPPING, STOPPING)),
        (Status.RUNNING, S | {"observed": HALTED}, Move(Status.STOPPING, STOPPING)),
        (Status.RUNNING, S | {"observed": ASKED}, Move(Status.STOPPED)),
        (Status.RUNNING, P | {"observed": LOST}, Move(Status.PAUSED)),
        (Status.PAUSED, P | {"observed": HALTED}, None),
        (Status.PAUSED, P | {"observed": ALIVE}, Pause()),
        (Status.PAUSED, R | {"observed": HALTED}, None),
        (Status.PAUSED, R | ROOM | {"observed": HALTED}, Continue()),
        (Status.PAUSED, R | {"observed": ALIVE}, Pause()),
        (Status.PAUSED, S | {"observed": HALTED}, Move(Status.STOPPING, STOPPING)),
        (Status.PAUSED, P | {"observed": GONE}, None),
        (Status.PAUSED, R | {"observed": GONE}, Move(Status.QUEUED)),
        (Status.PAUSED, S | {"observed": GONE}, Move(Status.STOPPED)),
        (Status.PAUSED, P | {"observed": KILLED}, Note(KILLED_SO)),
        (Status.PAUSED, P | {"observed": KILLED, "reason": KILLED_SO}, None),
        (Status.PAUSED, R | {"observed": KILLED}, Move(Status.QUEUED)),
        (Status.PAUSED, P | {"observed": DONE}, Move(Status.FINISHING)),
        (Status.STOPPING, S | {"observed": ALIVE}, Ask()),
        (Status.STOPPING, S | {"observed": HALTED}, Ask()),
        (
            Status.STOPPING,
            S | {"observed": ALIVE, "in_status_for": timedelta(minutes=5)},
            Insist(),
        ),
        (Status.STOPPING, S | {"observed": ALIVE, "in_status_for": timedelta(minutes=6)}, Kill()),
        (Status.STOPPING, S | {"observed": ASKED}, Move(Status.STOPPED)),
        (Status.STOPPING, S | {"observed": KILLED}, Move(Status.STOPPED, KILLED_SO)),
        (Status.STOPPING, S | {"observed": DONE}, Move(Status.FINISHING)),
        (Status.STOPPING, S | {"observed": REPORTED}, None),
        (
            Status.STOPPING,
            S | {"observed": REPORTED, "run_end": BADLY},
            Move(Status.FAILED, "the labels are strings"),
        ),
        (Status.STOPPED, S | {"observed": ASKED}, None),
        (Status.STOPPED, R | AGAIN | {"observed": ASKED}, Move(Status.QUEUED)),
        (
            Status.STOPPED,
            S | {"observed": KILLED, "run_end": WELL, "received": 3},
            Move(Status.FINISHED),
        ),
        (Status.FAILED, R | {"observed": KILLED}, None),
        (Status.FAILED, R | AGAIN | {"observed": KILLED}, Move(Status.QUEUED)),
        (Status.FAILED, S | AGAIN | {"observed": KILLED}, None),
        (Status.FINISHED, R | AGAIN | {"observed": DONE}, None),
    ],
)
def test_what_is_asked_for_is_done_step_by_step(status, changes, expected):
    assert step(status=status, **changes) == expected


@pytest.mark.parametrize("status", [Status.PREPARING, Status.RUNNING])
@pytest.mark.parametrize("observed", [LOST, ASKED])
def test_what_was_lost_with_the_machine_goes_on_unless_that_happens_again_and_again(
    status, observed
):
    moved = step(status=status, observed=observed)
    assert isinstance(moved, Requeue) and RESUMES in moved.reason
    given_up = step(status=status, observed=observed, interruptions=MAX_INTERRUPTIONS)
    assert isinstance(given_up, Move) and given_up.status is Status.FAILED
    assert given_up.reason.endswith("4 times in a row")


def test_over_a_limit_it_is_killed_and_fails_with_the_limit_as_its_reason():
    assert step(over_limit=OVER) == Kill()
    assert step(over_limit=OVER, observed=KILLED) == Move(Status.FAILED, OVER)


def test_who_finished_over_a_limit_has_finished():
    assert step(over_limit=OVER, observed=DONE, run_end=WELL, received=3) == Move(Status.FINISHED)


def test_a_failure_that_never_arrives_is_told_by_its_exit_code():
    moved = step(observed=REPORTED, since_exit=timedelta(minutes=1))
    told = f"its process ended with exit code {EXIT_FAILED}"
    assert moved == Move(Status.FAILED, told, needs_log=True)


def test_collections_that_never_arrive_fail_a_finishing_simulation_with_their_number():
    moved = step(
        status=Status.FINISHING, observed=DONE, received=2, in_status_for=timedelta(hours=1)
    )
    assert moved == Move(
        Status.FAILED, "it trained to the end, but only 2 of 3 collections arrived"
    )


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DELETING])
def test_deletion_is_wanted_first_told_then_done(status):
    assert step(wanted=Wanted.DELETED, status=status) == Move(Status.DELETING)


def test_deletion_ends_the_process_before_it_removes_anything():
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=ALIVE) == Kill()
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=HALTED) == Kill()
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=KILLED) == Remove()
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=GONE) == Remove()


@pytest.mark.parametrize("status", [s for s in Status if s.has_process or s is Status.QUEUED])
@pytest.mark.parametrize("wanted", [Wanted.RUNNING, Wanted.PAUSED, Wanted.STOPPED])
def test_nothing_is_done_to_a_process_of_which_nobody_can_tell_and_nothing_is_concluded(
    status, wanted
):
    for over_limit in ("", OVER):
        blind = step(
            status=status,
            wanted=wanted,
            observed=AWAY,
            may_start=True,
            over_limit=over_limit,
            in_status_for=timedelta(days=1),
        )
        assert blind is None or blind == Note(TOLD_AWAY)


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        (Status.QUEUED, {"may_start": True}, Note(TOLD_AWAY)),
        (Status.QUEUED, {"may_start": False}, None),
        (Status.PREPARING, {}, Note(TOLD_AWAY)),
        (Status.PREPARING, {"reason": TOLD_AWAY}, None),
        (Status.RUNNING, {}, Note(TOLD_AWAY)),
        (Status.STOPPING, {}, None),
        (Status.FINISHING, {"run_end": WELL, "received": 3}, Move(Status.FINISHED)),
        (Status.STOPPED, {"is_asked_again": True}, Move(Status.QUEUED)),
        (Status.RUNNING, {"wanted": Wanted.DELETED}, Move(Status.DELETING)),
        (Status.DELETING, {"wanted": Wanted.DELETED}, None),
    ],
)
def test_while_nobody_can_tell_of_its_process_its_owner_is_told_and_the_rest_goes_on(
    status, changes, expected
):
    assert step(status=status, observed=AWAY, **changes) == expected


def test_when_somebody_can_tell_again_it_goes_on_where_it_was():
    assert step(status=Status.PREPARING, observed=GONE, reason=TOLD_AWAY) == Start()
    assert step(status=Status.RUNNING, observed=ALIVE, reason=TOLD_AWAY) == Note("")


def test_every_move_it_decides_is_allowed():
    for status in Status:
        for wanted in Wanted:
            for observed in (GONE, ALIVE, HALTED, DONE, ASKED, KILLED, REPORTED, LOST, AWAY):
                for run_end in (None, WELL, BADLY):
                    for received in (0, 3):
                        moved = step(
                            status=status,
                            wanted=wanted,
                            observed=observed,
                            run_end=run_end,
                            received=received,
                        )
                        if isinstance(moved, Move):
                            assert moved.status in MOVES[status], (status, moved)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (Exit(code=3), "its process ended with exit code 3"),
        (Exit(signal=9), "its process was killed (SIGKILL)"),
        (Exit(signal=40), "its process was killed (signal 40)"),
        (
            Exit(signal=9, is_out_of_memory=True),
            "its process was killed because the memory ran out",
        ),
        (
            Exit(lost_with="the machine was restarted"),
            "its process disappeared: the machine was restarted",
        ),
        (Exit(), "its process disappeared"),
    ],
)
def test_each_way_to_end_is_told_in_its_own_words(end, told):
    assert describe_exit(end) == told
