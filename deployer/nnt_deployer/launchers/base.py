"""What a launcher promises, whatever it starts processes with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

_PREFIX = "nnt-run-"
_INSPECTION = 0


@dataclass(frozen=True)
class Handle:
    """Names the process of an attempt at a simulation, or of an inspection: enough for any launcher to find it."""

    sim_id: UUID
    attempt: int  # from 1 on; of an inspection 0

    @classmethod
    def of_inspection(cls, inspection_id: str) -> "Handle":
        """`inspection_id`: hexadecimal digits, of which it has the first 32."""
        return cls(UUID(inspection_id[:32]), _INSPECTION)

    @property
    def is_inspection(self) -> bool:
        return self.attempt == _INSPECTION

    @property
    def name(self) -> str:
        return f"{_PREFIX}{self.sim_id}-{self.attempt}"

    @classmethod
    def named(cls, name: str) -> "Handle | None":
        """The handle of that name; None where it is no handle's."""
        sim_id, _, attempt = name.removeprefix(_PREFIX).rpartition("-")
        try:
            handle = cls(UUID(sim_id), int(attempt))
        except ValueError:
            return None
        return handle if handle.name == name else None


@dataclass(frozen=True)
class ProcessSpec:
    """What to start: a command, its whole environment, the folder it works in, and all else that it needs."""

    handle: Handle
    command: tuple[str, ...]
    environment: Mapping[str, str]
    run_dir: str
    reads: tuple[str, ...] = ()  # files outside of its folder
    memory_mb: int | None = None  # it is not to have more, where the launcher can see to that
    threads: int = 1  # that compute at once
    gpu: bool = False  # it is to have the graphics processors, where there are any
    network: bool = True  # False: it reaches nobody, where the launcher can see to that


class State(StrEnum):
    GONE = "gone"  # nothing of that name was ever started here, or it was removed
    ALIVE = "alive"
    PAUSED = "paused"
    EXITED = "exited"
    UNKNOWN = "unknown"  # whoever could tell is away: nothing follows from it


@dataclass(frozen=True)
class Exit:
    """How a process ended. Neither a code nor a signal: it was lost together with what watched over it."""

    code: int | None = None
    signal: int | None = None
    at: datetime | None = None
    # Processor time of it and its children, in seconds, where the launcher knows it.
    cpu_s: float | None = None
    is_out_of_memory: bool = False  # it was ended because it had all the memory it may have
    lost_with: str = ""  # what became of that, in words for the owner

    @property
    def is_lost(self) -> bool:
        return self.code is None and self.signal is None


@dataclass(frozen=True)
class Observed:
    state: State
    exit: Exit | None = None
    why: str = ""  # it is unknown, in words for the owner

    @property
    def is_there(self) -> bool:
        """There is a process, paused or not."""
        return self.state in (State.ALIVE, State.PAUSED)


@dataclass(frozen=True)
class Usage:
    """What a process and its children use."""

    cpu_s: float  # processor time since its start, in seconds
    memory_bytes: int  # resident now


class Launcher(Protocol):
    """Starts, watches and ends processes somewhere: of trainings, and of inspections.

    A launcher keeps no memory: another one with the same settings can observe and end what this one started, also
    where that one was killed at any point. Starting a handle twice starts one process. Observing the unknown says
    GONE. What is to be done to a process that is gone, or was done already, succeeds and changes nothing.
    Every verb but those about logs raises NotReady where what the launcher itself needs is away.
    """

    name: str
    python: str  # the interpreter that has nnt_simulation, where processes are started

    def start(self, spec: ProcessSpec) -> None:
        """Returns when the process can be observed; raises LaunchFailed."""

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        """Nothing of this is UNKNOWN: that is for the caller to say when it raises NotReady."""

    def usage(self, handles: Sequence[Handle]) -> Mapping[Handle, Usage]:
        """Of those that are there."""

    def pause(self, handle: Handle) -> None:
        """Has the process compute nothing until it is resumed; it keeps its memory."""

    def resume(self, handle: Handle) -> None: ...

    def ask(self, handle: Handle) -> None:
        """Asks the process to end when it can go on from there (nnt_contract.environment.ASK); wakes a paused one."""

    def insist(self, handle: Handle) -> None:
        """Tells the process to end now (nnt_contract.environment.INSIST); wakes a paused one."""

    def kill(self, handle: Handle) -> None:
        """Ends the process with all its children; returns when they are dead, raises LaunchFailed if they live on."""

    def log_size(self, handle: Handle) -> int:
        """The bytes of its standard output and error so far; they are kept until it is removed."""

    def read_log(self, handle: Handle, start: int, size: int) -> bytes:
        """At most that many bytes of them, from that position."""

    def clear(self, handle: Handle) -> None:
        """Lets go of what a dead process still holds, once its end was written down; keeps its log."""

    def remove(self, handle: Handle) -> None:
        """Forgets a dead process and its log."""

    def known(self) -> Iterator[Handle]:
        """Everything that was started here and neither cleared nor removed; the living always."""

    def mend(self) -> None:
        """Restores what its processes need and somebody else took away; cheap where that is nothing."""

    def has_gpu(self) -> bool:
        """Whether a process that is started here can be given a graphics processor."""
