"""Writes to disk while the training goes on."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

Part = TypeVar("Part")

# Up to here the memory that is held until it is written is cheaper than waiting for the disk; above, it is dearer.
_HELD_BYTES = 16 * 2**20


class Writer:
    """One thread that writes what it is given in the order in which it was given, and nothing after a failure.

    What belongs together is first added, piece by piece, and then started at once: two threads that both have
    something to do in Python are slower than one after the other. Whoever calls `catch_up` after each epoch is never
    more than one epoch ahead of the disk.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._added: list[Callable[[], None]] = []
        self._has_large = False
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

    def add(self, task: Callable[[Iterable[Part]], None], parts: Iterable[Part], size: int) -> None:
        """Makes task(parts) something to do; `parts`, of that many bytes, are read now if they are small."""
        is_large = size > _HELD_BYTES
        self._has_large |= is_large
        self._added.append(partial(task, parts if is_large else list(parts)))

    def start(self) -> None:
        """Does what was added, in the thread; the caller waits for what is large, which is read meanwhile."""
        self._pending.append(self._pool.submit(self._do, self._added))
        self._added = []
        if self._has_large:
            self._has_large = False
            self.catch_up()

    def catch_up(self) -> None:
        """Waits until everything that was started is written; raises what prevented it."""
        pending, self._pending = self._pending, []
        for write in pending:
            write.result()

    def _do(self, tasks: Iterable[Callable[[], None]]) -> None:
        if self._failed:
            return
        try:
            # What comes later may build on what was before: a checkpoint on the collection of its epoch.
            for task in tasks:
                task()
        except BaseException:
            self._failed = True
            raise
