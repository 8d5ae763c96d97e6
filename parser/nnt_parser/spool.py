"""The folder of updates that were accepted and are not stored yet: one durable file each, in the frame encoding."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from nnt_contract.updates import (
    FRAME_START,
    Collection,
    Failure,
    Finish,
    frame_head,
    header_length,
    parse_header,
)

_SUFFIX = ".frame"
_UNFINISHED = ".tmp"
_REJECTED = "rejected"
_LATEST = "latest"


class Accepted(NamedTuple):
    """An update in the spool, its file open."""

    update: Collection | Finish | Failure
    file: BufferedReader
    payload_start: int  # where in the file its arrays begin
    time: datetime  # when it was accepted

    def is_collection(self, epoch: int, attempt: int) -> bool:
        return isinstance(self.update, Collection) and (self.update.epoch, self.update.attempt) == (
            epoch,
            attempt,
        )

    def sha256(self) -> bytes:
        """The hash of the whole frame."""
        self.file.seek(0)
        return hashlib.file_digest(self.file, "sha256").digest()


class Spool:
    """A name stands for an accepted update from `put` until `remove`, whatever is killed in between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (_REJECTED, _LATEST):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def remove_unfinished(self) -> None:
        """Removes what a killed process was receiving; only the process that receives may ask for it."""
        for path in self._folder.glob(f"*{_UNFINISHED}"):
            path.unlink()

    def put(
        self,
        update: Collection | Finish | Failure,
        payload: Iterable[bytes],
        announce: Callable[[str], None],
    ) -> str:
        """Keeps the update durably and returns its name; keeps nothing if `payload` raises.

        `announce` is told the name as soon as the update can be read: storing it need not wait for the disk twice.
        """
        part = f"{update.epoch:08d}" if isinstance(update, Collection) else update.kind
        name = f"{update.sim_id.hex}-{update.attempt:04d}-{part}-{secrets.token_hex(4)}{_SUFFIX}"
        unfinished = self._folder / f"{name}{_UNFINISHED}"
        try:
            with unfinished.open("wb") as file:
                file.write(frame_head(update))
                for piece in payload:
                    file.write(piece)
                file.flush()
                unfinished.rename(self._folder / name)
                announce(name)
                os.fsync(file.fileno())
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        self._sync()
        return name

    @contextmanager
    def open(self, name: str) -> Iterator[Accepted | None]:
        """The update of that name, or None if it is not here any more."""
        with _opened(self._folder / name) as accepted:
            yield accepted

    @contextmanager
    def latest(self, sim_id: UUID) -> Iterator[Accepted | None]:
        """The collection of that simulation that was stored last, if it is still here."""
        with _opened(self._latest(sim_id)) as accepted:
            yield accepted

    def keep_as_latest(self, name: str, sim_id: UUID) -> None:
        """Takes a stored collection out of the spool, for the next one to be compared with; replaces the last."""
        with suppress(FileNotFoundError):
            (self._folder / name).replace(self._latest(sim_id))

    def latest_of(self) -> list[UUID]:
        """The simulations of which the latest collection is here."""
        return [UUID(path.stem) for path in (self._folder / _LATEST).iterdir()]

    def forget_latest(self, sim_id: UUID) -> None:
        self._latest(sim_id).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def reject(self, name: str) -> None:
        """Sets aside an update that can never be stored, so that a person can look at it."""
        (self._folder / name).rename(self._folder / _REJECTED / name)

    def older_than(self, seconds: float) -> list[str]:
        """The names of updates that were accepted longer ago than that, the oldest first."""
        limit = datetime.now(UTC).timestamp() - seconds
        found = []
        for entry in os.scandir(self._folder):
            if entry.name.endswith(_SUFFIX):
                try:
                    accepted_at = entry.stat().st_mtime
                except FileNotFoundError:  # stored in this moment
                    continue
                if accepted_at <= limit:
                    found.append((accepted_at, entry.name))
        return [name for _, name in sorted(found)]

    def _latest(self, sim_id: UUID) -> Path:
        return self._folder / _LATEST / f"{sim_id.hex}{_SUFFIX}"

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _opened(path: Path) -> Iterator[Accepted | None]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        update = parse_header(file.read(header_length(file.read(FRAME_START.size))))
        accepted_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        yield Accepted(update, file, file.tell(), accepted_at)
