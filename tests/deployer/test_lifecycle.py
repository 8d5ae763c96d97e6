"""The next step, for every combination of what is wanted and what is observed that matters."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED
from nnt_contract.status import MOVES, Status, Wanted
from nnt_deployer.launchers.base import Exit, Observed, State
from nnt_deployer.lifecycle import (
    WAITING,
    Kill,
    Move,
    Note,
    Prepare,
    Remove,
    RunEnd,
    Situation,
    Start,
    describe_exit,
    next_step,
)

PATIENCE = timedelta(minutes=10)
GONE = Observed(State.GONE)
ALIVE = Observed(State.ALIVE)
DONE = Observed(State.EXITED, Exit(code=EXIT_FINISHED))
KILLED = Observed(State.EXITED, Exit(signal=9))
REPORTED = Observed(State.EXITED, Exit(code=EXIT_FAILED))
LOST = Observed(State.EXITED, Exit())
WELL, BADLY = RunEnd(None), RunEnd("the labels are strings")

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
        (Status.PREPARING, {"observed": GONE}, Start()),
        (Status.PREPARING, {"observed": ALIVE}, Move(Status.RUNNING)),
        (
            Status.PREPARING,
            {"observed": KILLED},
            Move(Status.FAILED, describe_exit(Exit(signal=9))),
        ),
        (Status.RUNNING, {"observed": ALIVE}, None),
        (Status.RUNNING, {"observed": LOST}, Move(Status.FAILED, describe_exit(Exit()))),
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


def test_a_failure_that_never_arrives_is_told_by_its_exit_code():
    moved = step(observed=REPORTED, since_exit=timedelta(minutes=1))
    assert moved == Move(Status.FAILED, f"its process ended with exit code {EXIT_FAILED}")


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
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=KILLED) == Remove()
    assert step(wanted=Wanted.DELETED, status=Status.DELETING, observed=GONE) == Remove()


def test_every_move_it_decides_is_allowed():
    for status in Status:
        for wanted in Wanted:
            for observed in (GONE, ALIVE, DONE, KILLED, REPORTED, LOST):
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


def test_a_kill_by_signal_is_named():
    assert describe_exit(Exit(signal=9)) == "its process was killed (SIGKILL)"
