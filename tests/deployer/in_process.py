"""A launcher whose processes are entries of a dictionary, for tests of everything but processes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State


class InProcessLauncher:
    def __init__(self) -> None:
        self.processes: dict[Handle, Observed] = {}
        self.specs: list[ProcessSpec] = []
        self.refuses: str | None = None

    def start(self, spec: ProcessSpec) -> None:
        if self.refuses:
            raise LaunchFailed(self.refuses)
        if spec.handle not in self.processes:
            self.specs.append(spec)
            self.processes[spec.handle] = Observed(State.ALIVE)

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        return {handle: self.processes.get(handle, Observed(State.GONE)) for handle in handles}

    def stop(self, handle: Handle, grace: timedelta) -> None:
        if self.observe([handle])[handle].state is State.ALIVE:
            self.end(handle, Exit(signal=9))

    def logs(self, handle: Handle, tail: int = 200) -> str:
        return "the last line of the log" if handle in self.processes else ""

    def remove(self, handle: Handle) -> None:
        self.processes.pop(handle, None)

    def end(self, handle: Handle, how: Exit) -> None:
        self.processes[handle] = Observed(State.EXITED, how)
