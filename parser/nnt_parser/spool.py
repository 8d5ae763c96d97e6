"""The folder of updates that were accepted and are not stored yet: one durable file each, in the frame encoding."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nnt_contract.updates import (
    FRAME_START,
    Collection,
    Failure,
    Finish,
    frame_head,
    header_length,
    parse_header,
    payload_bytes,
)

_SUFFIX = ".frame"
_REJECTED = "rejected"


class Accepted(NamedTuple):
    """An update in the spool, its file positioned at the first byte of its arrays."""

    update: Collection | Finish | Failure
    file: BinaryIO
    time: datetime  # when it was accepted
    sha256: bytes
    payload_bytes: int


class Spool:
    """A name stands for an accepted update from `put` until `remove`, whatever is killed in between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / _REJECTED).mkdir(parents=True, exist_ok=True)

    def put(self, update: Collection | Finish | Failure, payload: Iterable[bytes]) -> str:
        """Keeps the update durably and returns its name; keeps nothing if `payload` raises."""
        part = f"{update.epoch:08d}" if isinstance(update, Collection) else update.kind
        name = f"{update.sim_id.hex}-{update.attempt:04d}-{part}-{secrets.token_hex(4)}{_SUFFIX}"
        unfinished = self._folder / f"{name}.tmp"
        try:
            with unfinished.open("wb") as file:
                file.write(frame_head(update))
                for piece in payload:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._folder / name)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        self._sync()
        return name

    @contextmanager
    def open(self, name: str) -> Iterator[Accepted | None]:
        """The update of that name, or None if it is not here any more."""
        try:
            file = (self._folder / name).open("rb")
        except FileNotFoundError:
            yield None
            return
        with file:
            digest = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            update = parse_header(file.read(header_length(file.read(FRAME_START.size))))
            accepted_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            yield Accepted(update, file, accepted_at, digest, payload_bytes(update))

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

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
