"""The folder of updates that the parser has not acknowledged yet: one durable file each."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Condition

from nnt_contract.environment import outbox_name
from nnt_contract.updates import Collection, Failure, Finish, frame_head
from nnt_simulation.durable import durable_file, made_folder, remove_unfinished

_NAME = re.compile(r"\d{10}\.(update|finish|send_error)")


class Outbox:
    """Keeps updates in the order in which they were made, also those of a process that died here.

    Its limits are the writer's promise: `has_room` tells, `put` never refuses. One thread puts, another removes.
    """

    def __init__(self, folder: Path, max_files: int, max_bytes: int) -> None:
        made_folder(folder)
        remove_unfinished(folder)
        self._folder = folder
        self._max_files = max_files
        self._max_bytes = max_bytes
        names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
        self._sizes = {name: (folder / name).stat().st_size for name in names}
        self._next = int(names[-1].partition(".")[0]) + 1 if names else 0
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._sizes)

    def has_room(self, size: int) -> bool:
        """Whether that many bytes more keep the limits; an empty outbox has room for any number."""
        with self._changed:
            return not self._sizes or (
                len(self._sizes) < self._max_files
                and sum(self._sizes.values()) + size <= self._max_bytes
            )

    def put(
        self, update: Collection | Finish | Failure, payload: Iterable[memoryview] = ()
    ) -> None:
        """Returns when the update, its arrays in `payload` one after the other, is on disk."""
        path = self._folder / outbox_name(self._next, update.kind)
        with durable_file(path) as file:
            file.write(frame_head(update))
            for piece in payload:
                file.write(piece)
            size = file.tell()
        self._next += 1
        with self._changed:
            self._sizes[path.name] = size
            self._changed.notify_all()

    def oldest(self, kind: str = "") -> Path | None:
        """The file of the oldest update, or of the oldest of that kind."""
        with self._changed:
            name = next((name for name in self._sizes if name.endswith(kind)), None)
        return self._folder / name if name else None

    def remove(self, path: Path) -> None:
        # Not on disk at once: what a power cut brings back is delivered again, which changes nothing.
        path.unlink(missing_ok=True)
        with self._changed:
            self._sizes.pop(path.name, None)
            self._changed.notify_all()

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Whether it holds at the latest then; asked again whenever an update came or went."""
        with self._changed:
            return self._changed.wait_for(holds, seconds)

    def wake(self) -> None:
        """Makes everybody who waits ask again."""
        with self._changed:
            self._changed.notify_all()
