"""Simulations as processes of this machine, each under a shim that records its end."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import shim
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State

_START_DEADLINE_S = 20.0
_DEATH_DEADLINE_S = 10.0
_POLL_S = 0.02
_TAIL_BYTES = 256 * 1024


class LocalLauncher:
    """Keeps one folder per process: who was started, how it ended, what it printed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self, spec: ProcessSpec) -> None:
        folder = self._of(spec.handle)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(folder / "lock"):
            if (folder / shim.STARTED).exists():
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
                check=True,
            )
            _wait_for_start(folder)

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        return {handle: self._observe_one(handle) for handle in handles}

    def stop(self, handle: Handle, grace: timedelta) -> None:
        if grace and self._signal(handle, signal.SIGTERM):
            self._wait_for_end(handle, grace.total_seconds())
        if self._signal(handle, signal.SIGKILL) and not self._wait_for_end(
            handle, _DEATH_DEADLINE_S
        ):
            raise LaunchFailed(
                f"{handle.name} did not die within {_DEATH_DEADLINE_S:.0f} s of SIGKILL"
            )

    def logs(self, handle: Handle, tail: int = 200) -> str:
        try:
            with (self._of(handle) / shim.LOG).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-tail:])

    def remove(self, handle: Handle) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._of(handle))

    def _of(self, handle: Handle) -> Path:
        return self._folder / handle.name

    def _observe_one(self, handle: Handle) -> Observed:
        started = _read(self._of(handle) / shim.STARTED)
        if started is None:
            return Observed(State.GONE)
        # Looked at before the record of the end: a shim that ends in between has written it by then.
        alive = _alive(started, "shim_") or _alive(started, "")
        ended = _read(self._of(handle) / shim.EXITED)
        if ended is not None:
            at = datetime.fromisoformat(ended["at"])
            return Observed(State.EXITED, Exit(ended.get("code"), ended.get("signal"), at))
        return Observed(State.ALIVE) if alive else Observed(State.EXITED, Exit())

    def _signal(self, handle: Handle, number: signal.Signals) -> bool:
        """Whether there was a process group to send it to."""
        started = _read(self._of(handle) / shim.STARTED)
        if started is None or self._observe_one(handle).state is not State.ALIVE:
            return False
        try:
            os.killpg(started["pid"], number)
        except ProcessLookupError:
            return False
        return True

    def _wait_for_end(self, handle: Handle, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._observe_one(handle).state is State.ALIVE:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def _wait_for_start(folder: Path) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    while not (folder / shim.STARTED).exists():
        if failed := _read(folder / shim.FAILED):
            raise LaunchFailed(f"the training process could not be started: {failed['error']}")
        if time.monotonic() > deadline:
            raise LaunchFailed(
                f"the training process did not start within {_START_DEADLINE_S:.0f} s"
            )
        time.sleep(_POLL_S)


def _alive(started: Mapping[str, Any], prefix: str) -> bool:
    if started["boot_id"] != shim.boot_id():
        return False
    ticks = started[f"{prefix}start_ticks"]
    return ticks is not None and shim.start_ticks(started[f"{prefix}pid"]) == ticks


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
