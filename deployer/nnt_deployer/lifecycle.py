"""Pure: from what is wanted and what is observed to the next step. The loop and the task both ask here."""

import signal
from dataclasses import dataclass
from datetime import timedelta

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED
from nnt_contract.status import Status, Wanted
from nnt_deployer.launchers.base import Exit, Observed, State

# A simulation that reports its failure exits before the parser's worker has stored the report.
_REPORT_DELAY = timedelta(seconds=20)
# In a row, without a collection in between: then it is the simulation that brings the machine down.
MAX_INTERRUPTIONS = 3

WAITING = (
    "waiting for parser: the outbox is full, training goes on when the parser takes updates again"
)
REMOVED = "its process was removed from outside, and with it how it ended"
STOPPING = "it ends when its epoch is complete"
RESUMES = "it goes on after the last epoch that was complete"
RETRIED = "this is tried again every few seconds"


@dataclass(frozen=True)
class RunEnd:
    """What the simulation itself said at the end of its current attempt."""

    error: str | None


@dataclass(frozen=True)
class Patience:
    """How long to wait before the next harder step."""

    finishing: timedelta  # for the last collections of a training that ended well
    asking: timedelta  # for a simulation that was asked to stop
    insisting: timedelta  # for one that was told to end at once


@dataclass(frozen=True)
class Situation:
    wanted: Wanted
    status: Status
    observed: Observed
    run_end: RunEnd | None
    received: int
    expected: int
    may_start: bool  # it is its turn and there is room
    in_status_for: timedelta
    is_asked_again: bool = False  # something was asked for since the status changed
    reason: str = ""
    obstacle: str = ""  # why what it waits for will not come, in words for its owner
    is_waiting: bool = False  # its outbox is full, the parser does not take what is in it
    since_exit: timedelta = timedelta(0)
    over_limit: str = ""  # which limit it exceeds, in words for its owner
    interruptions: int = 0  # how often in a row its process was lost with the machine


@dataclass(frozen=True)
class Prepare:
    """Take a place and count a new attempt, durably, before anything of it exists."""


@dataclass(frozen=True)
class Start:
    """Start the process of the current attempt."""


@dataclass(frozen=True)
class Continue:
    """Take a place for the paused process, which is resumed next."""


@dataclass(frozen=True)
class Move:
    status: Status
    reason: str = ""
    needs_log: bool = False  # the reason alone does not explain it


@dataclass(frozen=True)
class Requeue:
    """Count an interruption; another attempt goes on from the last checkpoint."""

    reason: str


@dataclass(frozen=True)
class Note:
    """Keep the status, tell this about it."""

    reason: str


@dataclass(frozen=True)
class Pause:
    """Have the process compute nothing."""


@dataclass(frozen=True)
class Resume:
    """Have the process go on."""


@dataclass(frozen=True)
class Ask:
    """Ask the process to end when it can go on from there."""


@dataclass(frozen=True)
class Insist:
    """Tell the process to end at once."""


@dataclass(frozen=True)
class Kill:
    """End the process now."""


@dataclass(frozen=True)
class Remove:
    """Remove every file and row."""


Step = (
    Prepare
    | Start
    | Continue
    | Move
    | Requeue
    | Note
    | Pause
    | Resume
    | Ask
    | Insist
    | Kill
    | Remove
)


def next_step(now: Situation, patience: Patience) -> Step | None:
    """The one thing to do, or None when wanted and observed agree."""
    if now.observed.state is State.UNKNOWN:
        return _blindly(now, patience)
    if now.wanted is Wanted.DELETED:
        return _towards_deletion(now)
    match now.status:
        case Status.QUEUED:
            return _queued(now)
        case Status.PREPARING:
            return _preparing(now)
        case Status.RUNNING:
            return _running(now)
        case Status.PAUSED:
            return _paused(now)
        case Status.STOPPING:
            return _stopping(now, patience)
        case Status.FINISHING:
            return _towards_finished(now, patience.finishing)
        case Status.STOPPED | Status.FAILED:
            return _ended(now)
        case _:
            return None


def describe_exit(end: Exit) -> str:
    """How a process ended, in words for its owner."""
    if end.is_out_of_memory:
        return "its process was killed because the memory ran out"
    if end.signal is not None:
        return f"its process was killed ({_name_of(end.signal)})"
    if end.code is not None:
        return f"its process ended with exit code {end.code}"
    return (
        f"its process disappeared: {end.lost_with}" if end.lost_with else "its process disappeared"
    )


def not_ready(why: str) -> str:
    """What is told about a simulation for which nothing can be done now, through no fault of its own."""
    return f"{why}; {RETRIED}"


def _blindly(now: Situation, patience: Patience) -> Step | None:
    """What is to be done whatever became of the process, of which nothing is known."""
    if now.wanted is Wanted.DELETED:
        return Move(Status.DELETING) if now.status is not Status.DELETING else None
    match now.status:
        case Status.FINISHING:
            return _towards_finished(now, patience.finishing)
        case Status.STOPPED | Status.FAILED:
            return _ended(now)
        case Status.PREPARING | Status.RUNNING:
            return _note(now, not_ready(now.observed.why))
        case Status.QUEUED if now.may_start:
            return _note(now, not_ready(now.observed.why))
        case _:
            return None


def _queued(now: Situation) -> Step | None:
    if now.observed.is_there:
        return Kill()  # of an attempt that was given up
    match now.wanted:
        case Wanted.STOPPED:
            return Move(Status.STOPPED)
        case Wanted.PAUSED:
            return Move(Status.PAUSED)
        case _ if now.obstacle:
            return Move(Status.FAILED, now.obstacle)
        case _:
            return Prepare() if now.may_start else None


def _preparing(now: Situation) -> Step | None:
    if now.observed.is_there:
        return Move(Status.RUNNING)
    if now.observed.exit is not None:
        return _after_exit(now, now.observed.exit)
    match now.wanted:
        case Wanted.STOPPED:
            return Move(Status.STOPPED)
        case Wanted.PAUSED:
            return Move(Status.PAUSED)
        case _:
            return Start()


def _running(now: Situation) -> Step | None:
    if now.observed.exit is not None:
        return _after_exit(now, now.observed.exit)
    if not now.observed.is_there:
        return Move(Status.FAILED, REMOVED, needs_log=True)
    if now.over_limit:
        return Kill()
    is_paused = now.observed.state is State.PAUSED
    match now.wanted:
        case Wanted.STOPPED:
            return Move(Status.STOPPING, STOPPING)
        case Wanted.PAUSED:
            return Move(Status.PAUSED) if is_paused else Pause()
        case _ if is_paused:
            return Resume()
        case _:
            return _note(now, WAITING if now.is_waiting else "")


def _paused(now: Situation) -> Step | None:
    if now.observed.is_there:
        match now.wanted:
            case Wanted.STOPPED:
                return Move(Status.STOPPING, STOPPING)
            case Wanted.RUNNING if now.may_start:
                return Continue()
            case _:
                return Pause() if now.observed.state is State.ALIVE else None
    if now.observed.exit is not None and (end := _told_end(now, now.observed.exit)):
        return end
    match now.wanted:
        case Wanted.STOPPED:
            return Move(Status.STOPPED)
        case Wanted.RUNNING:
            return Move(Status.QUEUED, now.reason)
        case _ if now.observed.exit is not None:
            return _note(now, f"{describe_exit(now.observed.exit)}; {RESUMES}")
        case _:
            return None


def _stopping(now: Situation, patience: Patience) -> Step | None:
    if now.observed.is_there:
        if now.in_status_for < patience.asking:
            return Ask()
        if now.in_status_for < patience.asking + patience.insisting:
            return Insist()
        return Kill()
    end = now.observed.exit
    if end is None or end.code == EXIT_STOPPED:
        return Move(Status.STOPPED)
    if end.code == EXIT_FAILED and now.run_end is None and now.since_exit < _REPORT_DELAY:
        return None
    return _told_end(now, end) or Move(Status.STOPPED, f"{describe_exit(end)}; {RESUMES}")


def _ended(now: Situation) -> Step | None:
    if _complete(now):
        # It was ended after its last epoch, and what it left in its outbox has arrived since.
        return Move(Status.FINISHED)
    if now.wanted is Wanted.RUNNING and now.is_asked_again:
        return Move(Status.QUEUED)
    if now.status is Status.FAILED and now.run_end is not None and now.run_end.error is not None:
        return _note(now, now.run_end.error)  # its own words came after its end was told
    return None


def _towards_deletion(now: Situation) -> Step:
    if now.status is not Status.DELETING:
        return Move(Status.DELETING)
    return Kill() if now.observed.is_there else Remove()


def _after_exit(now: Situation, end: Exit) -> Step | None:
    if told := _told_end(now, end):
        return told
    if end.code == EXIT_FAILED and now.since_exit < _REPORT_DELAY:
        return None
    if now.over_limit:
        return Move(Status.FAILED, now.over_limit)
    if not end.is_lost and end.code != EXIT_STOPPED:
        return Move(Status.FAILED, describe_exit(end), needs_log=True)
    how = describe_exit(end) if end.is_lost else "its process was asked to end from outside"
    match now.wanted:
        case Wanted.STOPPED:
            return Move(Status.STOPPED)
        case Wanted.PAUSED:
            return Move(Status.PAUSED)
        case _ if now.interruptions < MAX_INTERRUPTIONS:
            return Requeue(f"{how}; {RESUMES}")
        case _:
            times = now.interruptions + 1
            return Move(Status.FAILED, f"{how}, {times} times in a row", needs_log=True)


def _told_end(now: Situation, end: Exit) -> Step | None:
    """The end of a process that has said itself how it ended."""
    if now.run_end is not None and now.run_end.error is not None:
        return Move(Status.FAILED, now.run_end.error)
    if end.code == EXIT_FINISHED or now.run_end is not None:
        return Move(Status.FINISHED) if _complete(now) else Move(Status.FINISHING)
    return None


def _towards_finished(now: Situation, patience: timedelta) -> Step | None:
    if _complete(now):
        return Move(Status.FINISHED)
    if now.in_status_for > patience:
        arrived = f"{now.received} of {now.expected} collections arrived"
        return Move(Status.FAILED, f"it trained to the end, but only {arrived}")
    return None


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _note(now: Situation, reason: str) -> Note | None:
    return Note(reason) if now.reason != reason else None


def _complete(now: Situation) -> bool:
    return now.run_end is not None and now.run_end.error is None and now.received >= now.expected
