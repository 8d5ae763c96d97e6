"""Writes to disk while the training goes on."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Part = TypeVar("Part")

# Up to here a copy is cheaper than the disk; above, memory is dearer than time.
_COPIED_BYTES = 16 * 2**20


class Writer:
    """One thread that writes what it is given in the order in which it was given, and nothing after a failure.

    Whoever calls `catch_up` after each epoch is never more than one epoch ahead of the disk.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._pending: list[Future[None]] = []
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def write(
        self, task: Callable[[Iterable[Part]], None], parts: Iterable[Part], size: int
    ) -> None:
        """Runs task(parts) in the thread; `parts`, of that many bytes, are read now, or while the caller waits."""
        small = size <= _COPIED_BYTES
        self._pending.append(self._pool.submit(self._do, task, list(parts) if small else parts))
        if not small:
            self.catch_up()

    def catch_up(self) -> None:
        """Waits until everything is written; raises what prevented it."""
        pending, self._pending = self._pending, []
        for write in pending:
            write.result()

    def _do(self, task: Callable[[Iterable[Part]], None], parts: Iterable[Part]) -> None:
        if (
            self._failed
        ):  # what comes later may build on it: a checkpoint on the collection of its epoch
            return
        try:
            task(parts)
        except BaseException:
            self._failed = True
            raise
