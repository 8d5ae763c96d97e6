"""Pure: from what is wanted and what is observed to the next step. The loop and the task both ask here."""

import signal
from dataclasses import dataclass
from datetime import timedelta

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED
from nnt_contract.status import Status, Wanted
from nnt_deployer.launchers.base import Exit, Observed, State

# A simulation that reports its failure exits before the parser's worker has stored the report.
_REPORT_DELAY = timedelta(seconds=20)

WAITING = (
    "waiting for parser: the outbox is full, training goes on when the parser takes updates again"
)


@dataclass(frozen=True)
class RunEnd:
    """What the simulation itself said at the end of its current attempt."""

    error: str | None


@dataclass(frozen=True)
class Situation:
    wanted: Wanted
    status: Status
    observed: Observed
    run_end: RunEnd | None
    received: int
    expected: int
    may_start: bool  # it is first in the queue and there is room
    in_status_for: timedelta
    reason: str = ""
    is_waiting: bool = False  # its outbox is full, the parser does not take what is in it
    since_exit: timedelta = timedelta(0)


@dataclass(frozen=True)
class Prepare:
    """Count a new attempt, durably, before anything of it exists."""


@dataclass(frozen=True)
class Start:
    """Start the process of the current attempt."""


@dataclass(frozen=True)
class Move:
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Note:
    """Keep the status, tell this about it."""

    reason: str


@dataclass(frozen=True)
class Kill:
    """End the process now."""


@dataclass(frozen=True)
class Remove:
    """Remove every file and row."""


Step = Prepare | Start | Move | Note | Kill | Remove


def next_step(now: Situation, finishing_patience: timedelta) -> Step | None:
    """The one thing to do, or None when wanted and observed agree."""
    if now.wanted is Wanted.DELETED:
        return _towards_deletion(now)
    match now.status:
        case Status.QUEUED:
            return Prepare() if now.may_start else None
        case Status.PREPARING if now.observed.state is State.GONE:
            return Start()
        case Status.PREPARING if now.observed.state is State.ALIVE:
            return Move(Status.RUNNING)
        case Status.RUNNING if now.observed.state is State.ALIVE:
            told = WAITING if now.is_waiting else ""
            return Note(told) if now.reason != told else None
        case Status.RUNNING if now.observed.state is State.GONE:
            return Move(Status.FAILED, "its process and every trace of it was removed from outside")
        case Status.PREPARING | Status.RUNNING if now.observed.exit is not None:
            return _after_exit(now, now.observed.exit)
        case Status.FINISHING:
            return _towards_finished(now, finishing_patience)
        case Status.FAILED if _complete(now):
            # It was killed after its last epoch, and what it left in its outbox has arrived since.
            return Move(Status.FINISHED)
        case Status.FAILED if now.run_end is not None and now.run_end.error not in (
            None,
            now.reason,
        ):
            return Note(now.run_end.error)  # its own words came after its end was told
        case _:
            return None


def describe_exit(end: Exit) -> str:
    """How a process ended, in words for its owner."""
    if end.signal is not None:
        name = signal.Signals(end.signal).name
        return f"its process was killed ({name})"
    if end.code is not None:
        return f"its process ended with exit code {end.code}"
    return "its process disappeared: it was killed with its shim, or the machine restarted"


def _towards_deletion(now: Situation) -> Step:
    if now.status is not Status.DELETING:
        return Move(Status.DELETING)
    return Kill() if now.observed.state is State.ALIVE else Remove()


def _after_exit(now: Situation, end: Exit) -> Step | None:
    if now.run_end is not None and now.run_end.error is not None:
        return Move(Status.FAILED, now.run_end.error)
    if end.code == EXIT_FINISHED or now.run_end is not None:
        return Move(Status.FINISHED) if _complete(now) else Move(Status.FINISHING)
    if end.code == EXIT_FAILED and now.since_exit < _REPORT_DELAY:
        return None
    return Move(Status.FAILED, describe_exit(end))


def _towards_finished(now: Situation, patience: timedelta) -> Step | None:
    if _complete(now):
        return Move(Status.FINISHED)
    if now.in_status_for > patience:
        arrived = f"{now.received} of {now.expected} collections arrived"
        return Move(Status.FAILED, f"it trained to the end, but only {arrived}")
    return None


def _complete(now: Situation) -> bool:
    return now.run_end is not None and now.run_end.error is None and now.received >= now.expected
