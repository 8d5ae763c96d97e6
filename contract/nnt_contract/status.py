"""The states of a simulation, what a user may want of it and may ask for, and the moves that are allowed."""

from collections.abc import Mapping
from enum import StrEnum


class Wanted(StrEnum):
    """What the user asked for; only the server writes it."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DELETED = "deleted"


class Status(StrEnum):
    """What is true of a simulation; only the deployer writes it."""

    QUEUED = "queued"
    PREPARING = "preparing"  # its process was started and has not been seen alive yet
    RUNNING = "running"
    FINISHING = "finishing"  # its process ended well, not every collection has arrived
    FINISHED = "finished"  # it said so, and every expected collection is stored
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DELETING = "deleting"

    @property
    def is_ended(self) -> bool:
        """Nothing will change unless the user asks for it."""
        return self in _ENDED

    @property
    def has_process(self) -> bool:
        """A process of it may be alive."""
        return self in _WITH_PROCESS

    @property
    def is_using_a_place(self) -> bool:
        """Of those that train at once; who is paused computes nothing."""
        return self in _USING_A_PLACE

    def may_become(self, other: "Status") -> bool:
        return other in MOVES[self]


class Command(StrEnum):
    """What a user may ask of a simulation, besides deleting it."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    START = "start"

    @property
    def wants(self) -> Wanted:
        return _WANTS[self]

    @property
    def possible_in(self) -> frozenset[Status]:
        """What a simulation has to be, as it appears to its user, for the command to make sense."""
        return _POSSIBLE[self]


def apparent(status: Status, wanted: Wanted, is_asked_again: bool) -> Status:
    """What a simulation is to its user, who has said what is wanted and takes it as done.

    `is_asked_again`: something was asked for since the status changed last.
    """
    if wanted is Wanted.DELETED:
        return Status.DELETING
    if status in (Status.STOPPED, Status.FAILED):
        return Status.QUEUED if wanted is Wanted.RUNNING and is_asked_again else status
    if status in (Status.FINISHED, Status.FINISHING, Status.STOPPING, Status.DELETING):
        return status
    if wanted is Wanted.STOPPED:
        return Status.STOPPING
    if wanted is Wanted.PAUSED:
        return Status.PAUSED
    return Status.QUEUED if status is Status.PAUSED else status


_WANTS: Mapping[Command, Wanted] = {
    Command.PAUSE: Wanted.PAUSED,
    Command.RESUME: Wanted.RUNNING,
    Command.STOP: Wanted.STOPPED,
    Command.START: Wanted.RUNNING,
}
_POSSIBLE: Mapping[Command, frozenset[Status]] = {
    Command.PAUSE: frozenset({Status.QUEUED, Status.PREPARING, Status.RUNNING}),
    Command.RESUME: frozenset({Status.PAUSED}),
    Command.STOP: frozenset({Status.QUEUED, Status.PREPARING, Status.RUNNING, Status.PAUSED}),
    Command.START: frozenset({Status.STOPPED, Status.FAILED}),
}

_ENDED = frozenset({Status.FINISHED, Status.STOPPED, Status.FAILED})
_WITH_PROCESS = frozenset({Status.PREPARING, Status.RUNNING, Status.PAUSED, Status.STOPPING})
_USING_A_PLACE = _WITH_PROCESS - {Status.PAUSED}

_ENDS_OF_A_PROCESS = {Status.FINISHING, Status.FINISHED, Status.FAILED, Status.DELETING}
# Back to QUEUED goes what lost its process with the machine, and is still wanted.
MOVES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset(
        {Status.PREPARING, Status.PAUSED, Status.STOPPED, Status.FAILED, Status.DELETING}
    ),
    Status.PREPARING: frozenset(
        {Status.RUNNING, Status.QUEUED, Status.PAUSED, Status.STOPPING, Status.STOPPED}
        | _ENDS_OF_A_PROCESS
    ),
    Status.RUNNING: frozenset(
        {Status.QUEUED, Status.PAUSED, Status.STOPPING, Status.STOPPED} | _ENDS_OF_A_PROCESS
    ),
    Status.PAUSED: frozenset(
        {Status.QUEUED, Status.RUNNING, Status.STOPPING, Status.STOPPED} | _ENDS_OF_A_PROCESS
    ),
    Status.STOPPING: frozenset({Status.STOPPED} | _ENDS_OF_A_PROCESS),
    Status.FINISHING: frozenset({Status.FINISHED, Status.FAILED, Status.DELETING}),
    Status.FINISHED: frozenset({Status.DELETING}),
    # What was left in an outbox, or late by more than the deployer's patience, still completes a simulation.
    Status.STOPPED: frozenset({Status.QUEUED, Status.FINISHED, Status.DELETING}),
    Status.FAILED: frozenset({Status.QUEUED, Status.FINISHED, Status.DELETING}),
    Status.DELETING: frozenset(),
}
