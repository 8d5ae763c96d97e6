"""A launcher whose processes are entries of a dictionary, for tests of everything but processes."""

from collections.abc import Iterator, Mapping, Sequence

from nnt_contract.environment import EXIT_STOPPED
from nnt_deployer.errors import LaunchFailed, NotReady
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State, Usage


class InProcessLauncher:
    """Its processes obey at once: one that is asked to end has ended as asked."""

    name = "in process"
    python = "python"

    def __init__(self) -> None:
        self.processes: dict[Handle, Observed] = {}
        self.uses: dict[Handle, Usage] = {}
        self.specs: list[ProcessSpec] = []
        self.printed = b"the first line\nthe last line of the log\n"  # by each of its processes
        self.refuses: str | None = None
        self.is_deaf = False  # its processes end only when they are killed
        self.away = ""  # why it can neither look nor act now
        self.gpu = False
        self.mended = 0
        self.cleared: list[Handle] = []
        self.did: list[str] = []

    def start(self, spec: ProcessSpec) -> None:
        self._answer()
        if self.refuses:
            raise LaunchFailed(self.refuses)
        if spec.handle not in self.processes:
            self.specs.append(spec)
            self.processes[spec.handle] = Observed(State.ALIVE)

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        self._answer()
        return {handle: self.processes.get(handle, Observed(State.GONE)) for handle in handles}

    def usage(self, handles: Sequence[Handle]) -> Mapping[Handle, Usage]:
        there = [handle for handle, seen in self.observe(handles).items() if seen.is_there]
        return {handle: self.uses.get(handle, Usage(0.0, 0)) for handle in there}

    def pause(self, handle: Handle) -> None:
        self._change(handle, State.PAUSED)

    def resume(self, handle: Handle) -> None:
        self._change(handle, State.ALIVE)

    def ask(self, handle: Handle) -> None:
        self._tell("ask", handle)

    def insist(self, handle: Handle) -> None:
        self._tell("insist", handle)

    def kill(self, handle: Handle) -> None:
        self._answer()
        self.did.append("kill")
        if self._is_there(handle):
            self.end(handle, Exit(signal=9))

    def log_size(self, handle: Handle) -> int:
        return len(self._log(handle))

    def read_log(self, handle: Handle, start: int, size: int) -> bytes:
        return self._log(handle)[start : start + size]

    def clear(self, handle: Handle) -> None:
        self._answer()
        self.cleared.append(handle)

    def remove(self, handle: Handle) -> None:
        self._answer()
        self.processes.pop(handle, None)

    def known(self) -> Iterator[Handle]:
        self._answer()
        return iter(list(self.processes))

    def mend(self) -> None:
        self._answer()
        self.mended += 1

    def has_gpu(self) -> bool:
        self._answer()
        return self.gpu

    def end(self, handle: Handle, how: Exit) -> None:
        self.processes[handle] = Observed(State.EXITED, how)

    def _log(self, handle: Handle) -> bytes:
        return self.printed if handle in self.processes else b""

    def _answer(self) -> None:
        if self.away:
            raise NotReady(self.away)

    def _tell(self, what: str, handle: Handle) -> None:
        self._answer()
        self.did.append(what)
        if self._is_there(handle) and not self.is_deaf:
            self.end(handle, Exit(code=EXIT_STOPPED))

    def _change(self, handle: Handle, state: State) -> None:
        self._answer()
        if self._is_there(handle):
            self.processes[handle] = Observed(state)

    def _is_there(self, handle: Handle) -> bool:
        return self.processes.get(handle, Observed(State.GONE)).is_there
