"""What a launcher promises, whatever it starts processes with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Handle:
    """Names the process of one attempt at a simulation; enough for any launcher to find it again."""

    sim_id: UUID
    attempt: int

    @property
    def name(self) -> str:
        return f"nnt-run-{self.sim_id}-{self.attempt}"


@dataclass(frozen=True)
class ProcessSpec:
    """What to start: a command, its whole environment, and the folder it works in."""

    handle: Handle
    command: tuple[str, ...]
    environment: Mapping[str, str]
    run_dir: str


class State(StrEnum):
    GONE = "gone"  # nothing of that name was ever started here, or it was removed
    ALIVE = "alive"
    EXITED = "exited"


@dataclass(frozen=True)
class Exit:
    """How a process ended. Neither a code nor a signal: it disappeared without leaving a word."""

    code: int | None = None
    signal: int | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Observed:
    state: State
    exit: Exit | None = None


class Launcher(Protocol):
    """Starts, watches and ends training processes somewhere.

    A launcher keeps no memory: another one with the same settings can observe and end what this one started.
    Starting a handle twice starts one process. Observing the unknown says GONE. Stopping what is gone succeeds.
    """

    def start(self, spec: ProcessSpec) -> None:
        """Returns when the process can be observed; raises LaunchFailed."""

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]: ...

    def stop(self, handle: Handle, grace: timedelta) -> None:
        """Asks the process to end and kills it, with all its children, after `grace`; returns when it is dead."""

    def logs(self, handle: Handle, tail: int = 200) -> str:
        """The last lines of its standard output and error, also after its end."""

    def remove(self, handle: Handle) -> None:
        """Forgets a dead process and its log."""
