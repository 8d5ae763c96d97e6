"""By how much the memory of running processes grows above what they have now."""

import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

_LOOK_S = 0.005
_LOOKS_BETWEEN_LISTINGS = 100


def peak_of(pid: int) -> int | None:
    """The most that was ever resident of a process; None when it has ended."""
    return _status(pid, "VmHWM")


class HighWater:
    """What the kernel itself remembers of a process and its children, begun anew."""

    def __init__(self, root: psutil.Process) -> None:
        self._root = root
        self._idle = {process.pid: self._begin(process) for process in self._tree()}

    @property
    def idle(self) -> int:
        return sum(self._idle.values())

    def added(self) -> int:
        """The sum of what each of them had at most above what it had in the beginning."""
        peaks = {process.pid: peak_of(process.pid) or 0 for process in self._tree()}
        return sum(max(0, peak - self._idle.get(pid, 0)) for pid, peak in peaks.items())

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    @staticmethod
    def _begin(process: psutil.Process) -> int:
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        return peak_of(process.pid) or 0


class PrivateMemory:
    """Looks often at the memory that belongs to each child of a process alone.

    For PostgreSQL: its shared buffers are resident in every backend that has touched them, and are nobody's own.
    """

    def __init__(self, root: psutil.Process) -> None:
        self._root = root
        self._idle = self._now(self._children())
        self._peaks = dict(self._idle)
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    @property
    def idle(self) -> int:
        """Of the child that grew most."""
        return self._idle.get(self._grown_most(), 0)

    def added(self) -> int:
        """By how much the child that grew most did."""
        pid = self._grown_most()
        return self._peaks[pid] - self._idle.get(pid, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _grown_most(self) -> int:
        return max(self._peaks, key=lambda pid: self._peaks[pid] - self._idle.get(pid, 0))

    def _children(self) -> list[int]:
        return [process.pid for process in self._root.children()]

    def _watch(self) -> None:
        while True:
            children = self._children()
            for _ in range(_LOOKS_BETWEEN_LISTINGS):
                for pid, value in self._now(children).items():
                    self._peaks[pid] = max(value, self._peaks.get(pid, 0))
                if self._done.is_set():
                    return
                time.sleep(_LOOK_S)

    @staticmethod
    def _now(pids: Iterable[int]) -> dict[int, int]:
        found = {pid: _status(pid, "RssAnon") for pid in pids}
        return {pid: value for pid, value in found.items() if value is not None}


def _status(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A zombie has no memory, and no such line.
    kilobytes = next((line.split()[1] for line in lines if line.startswith(f"{name}:")), None)
    return None if kilobytes is None else int(kilobytes) * 1024
