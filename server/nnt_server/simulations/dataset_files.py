"""The files of uploaded datasets, kept under the hash of their content."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from django.core.files.base import File

_INCOMING = (
    ".incoming-"  # the deployer's data worker begins the names of its own unfinished files so too
)
_ABANDONED_S = 24 * 3600.0  # no upload writes nothing for so long


class StoredFile(NamedTuple):
    sha256: str
    bytes: int


def path_of(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def store(folder: Path, content: "File[bytes]") -> StoredFile:
    """Puts `content` where it belongs in `folder`. When this returns, it survives a loss of power."""
    with _new_file(folder) as file:
        digest = hashlib.sha256()
        for chunk in content.chunks():
            digest.update(chunk)
            file.write(chunk)
        stored = StoredFile(digest.hexdigest(), file.tell())
        _make_durable(file)
        path = path_of(folder, stored.sha256)
        path.parent.mkdir(exist_ok=True)
        os.replace(file.name, path)
    for changed in (path.parent, folder):
        _sync_folder(changed)
    return stored


def remove_abandoned(folder: Path, pattern: str = f"{_INCOMING}*") -> None:
    """Removes what uploads left behind of which nobody saw the end: the server was killed."""
    for path in folder.glob(pattern):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()
        except FileNotFoundError:
            continue  # it has come to its end, or somebody else removed it


@contextmanager
def _new_file(folder: Path) -> Iterator[IO[bytes]]:
    """A file to be renamed within `folder`; gone at the end if it was not."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=_INCOMING, delete=False) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)


def _make_durable(file: IO[bytes]) -> None:
    file.flush()
    os.fchmod(file.fileno(), 0o444)  # whoever runs the training reads it, nobody changes it
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
