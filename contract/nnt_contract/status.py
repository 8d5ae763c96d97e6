"""The states of a simulation, what a user may want of it, and the moves that are allowed."""

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

    def may_become(self, other: "Status") -> bool:
        return other in MOVES[self]


_ENDED = frozenset({Status.FINISHED, Status.STOPPED, Status.FAILED})
_WITH_PROCESS = frozenset({Status.PREPARING, Status.RUNNING, Status.PAUSED, Status.STOPPING})

MOVES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.PREPARING, Status.STOPPED, Status.FAILED, Status.DELETING}),
    Status.PREPARING: frozenset(
        {Status.RUNNING, Status.PAUSED, Status.STOPPING, Status.FINISHING, Status.FINISHED}
        | {Status.FAILED, Status.DELETING}
    ),
    Status.RUNNING: frozenset(
        {Status.PREPARING, Status.PAUSED, Status.STOPPING, Status.FINISHING, Status.FINISHED}
        | {Status.FAILED, Status.DELETING}
    ),
    Status.PAUSED: frozenset(
        {Status.PREPARING, Status.RUNNING, Status.STOPPING, Status.FINISHING, Status.FINISHED}
        | {Status.FAILED, Status.DELETING}
    ),
    Status.STOPPING: frozenset(
        {Status.STOPPED, Status.FINISHING, Status.FINISHED, Status.FAILED, Status.DELETING}
    ),
    Status.FINISHING: frozenset({Status.FINISHED, Status.FAILED, Status.DELETING}),
    Status.FINISHED: frozenset({Status.DELETING}),
    Status.STOPPED: frozenset({Status.QUEUED, Status.DELETING}),
    # A collection that was late by more than the deployer's patience still completes a simulation.
    Status.FAILED: frozenset({Status.QUEUED, Status.FINISHED, Status.DELETING}),
    Status.DELETING: frozenset(),
}
