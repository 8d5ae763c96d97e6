"""Simulations as processes of this machine, each under a shim that records its end."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from nnt_contract.environment import ASK, INSIST
from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import log_file, shim
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State, Usage
from nnt_deployer.launchers.waiting import wait

_START_DEADLINE_S = 20.0
_DEATH_DEADLINE_S = 10.0
_SIGNAL_DEADLINE_S = 1.0
_LOCK = "lock"
_NVIDIA_DRIVER = Path("/proc/driver/nvidia")


class LocalLauncher:
    """Keeps one folder per process: who was started, how it ended, what it printed."""

    name = "local"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.python = sys.executable

    def start(self, spec: ProcessSpec) -> None:
        folder = self._of(spec.handle)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / _LOCK).open("wb") as lock:
            # Whoever else holds it starts this process, is its shim, or takes a short look.
            if not wait(lambda: _started(folder) or _taken(lock), _START_DEADLINE_S):
                raise LaunchFailed(f"{spec.handle.name} is being started and does not come up")
            if _started(folder):
                return
            (folder / shim.FAILED).unlink(missing_ok=True)
            subprocess.run(
                [sys.executable, "-I", shim.__file__, str(folder), *spec.command],
                env=dict(spec.environment),
                cwd=spec.run_dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[lock.fileno()],  # it stays locked, also if we are killed here
                check=True,
            )
        _wait_for_start(folder)

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        return {handle: self._observe_one(handle) for handle in handles}

    def usage(self, handles: Sequence[Handle]) -> Mapping[Handle, Usage]:
        found = ((handle, self._usage_of(handle)) for handle in handles)
        return {handle: usage for handle, usage in found if usage is not None}

    def pause(self, handle: Handle) -> None:
        self._signal(handle, signal.SIGSTOP)
        self._wait_until_not(handle, State.ALIVE)

    def resume(self, handle: Handle) -> None:
        self._signal(handle, signal.SIGCONT)
        self._wait_until_not(handle, State.PAUSED)

    def ask(self, handle: Handle) -> None:
        self._signal(handle, ASK, signal.SIGCONT)

    def insist(self, handle: Handle) -> None:
        self._signal(handle, INSIST, signal.SIGCONT)

    def kill(self, handle: Handle) -> None:
        def is_dead() -> bool:
            self._signal(handle, signal.SIGKILL)  # again: it may just be starting
            return not self._observe_one(handle).is_there

        if not wait(is_dead, _DEATH_DEADLINE_S):
            raise LaunchFailed(
                f"{handle.name} did not die within {_DEATH_DEADLINE_S:.0f} s of SIGKILL"
            )

    def log_size(self, handle: Handle) -> int:
        return log_file.size(self._of(handle))

    def read_log(self, handle: Handle, start: int, size: int) -> bytes:
        return log_file.read(self._of(handle), start, size)

    def clear(self, handle: Handle) -> None:
        """A dead one holds nothing but its log."""

    def remove(self, handle: Handle) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._of(handle))

    def known(self) -> Iterator[Handle]:
        if self._folder.is_dir():
            for entry in os.scandir(self._folder):
                if handle := Handle.named(entry.name):
                    yield handle

    def mend(self) -> None:
        """Its processes need nothing that anybody could take away and give back."""

    def has_gpu(self) -> bool:
        return _NVIDIA_DRIVER.exists()

    def _of(self, handle: Handle) -> Path:
        return self._folder / handle.name

    def _observe_one(self, handle: Handle) -> Observed:
        folder = self._of(handle)
        started = _read(folder / shim.STARTED)
        if started is None:
            return Observed(State.ALIVE if _is_locked(folder / _LOCK) else State.GONE)
        # Looked at before the record of the end: a shim that ends in between has written it by then.
        shim_seen, seen = _look(started, "shim_"), _look(started)
        ended = _read(folder / shim.EXITED)
        if ended is not None:
            at = datetime.fromisoformat(ended["at"])
            exit = Exit(ended.get("code"), ended.get("signal"), at, ended["cpu_s"])
            return Observed(State.EXITED, exit)
        if seen is None and shim_seen is None:
            return Observed(State.EXITED, Exit(lost_with=_lost_with(started)))
        return Observed(State.PAUSED if seen and seen.is_paused else State.ALIVE)

    def _wait_until_not(self, handle: Handle, state: State) -> None:
        # A signal takes effect a moment later. One that takes longer is seen at the next tick.
        wait(lambda: self._observe_one(handle).state is not state, _SIGNAL_DEADLINE_S)

    def _usage_of(self, handle: Handle) -> Usage | None:
        started = _read(self._of(handle) / shim.STARTED)
        if started is None or _look(started) is None:
            return None
        try:
            process = psutil.Process(started["pid"])
            spent = process.cpu_times()
            cpu_s = spent.user + spent.system + spent.children_user + spent.children_system
            memory = process.memory_info().rss
            for child in process.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    spent = child.cpu_times()
                    cpu_s += spent.user + spent.system
                    memory += child.memory_info().rss
        except psutil.NoSuchProcess:
            return None
        return Usage(cpu_s, memory)

    def _signal(self, handle: Handle, *numbers: signal.Signals) -> None:
        """To the whole process group, if it is there."""
        started = _read(self._of(handle) / shim.STARTED)
        if started is None or _look(started) is None:
            return
        with suppress(ProcessLookupError):
            for number in numbers:
                os.killpg(started["pid"], number)


def _started(folder: Path) -> bool:
    return (folder / shim.STARTED).exists()


def _wait_for_start(folder: Path) -> None:
    def up() -> bool:
        if failed := _read(folder / shim.FAILED):
            raise LaunchFailed(f"the process could not be started: {failed['error']}")
        return _started(folder)

    if not wait(up, _START_DEADLINE_S):
        raise LaunchFailed(f"the process did not start within {_START_DEADLINE_S:.0f} s")


def _look(started: Mapping[str, Any], prefix: str = "") -> shim.Seen | None:
    """The process that was started; None if it is not there any more."""
    if started["boot_id"] != shim.boot_id():
        return None
    seen = shim.look(started[f"{prefix}pid"])
    return seen if seen and seen.start_ticks == started[f"{prefix}start_ticks"] else None


def _lost_with(started: Mapping[str, Any]) -> str:
    is_same_boot = started["boot_id"] == shim.boot_id()
    return "it was killed with its shim" if is_same_boot else "the machine was restarted"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content


def _taken(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as lock:
            return not _taken(lock)
    except FileNotFoundError:
        return False
