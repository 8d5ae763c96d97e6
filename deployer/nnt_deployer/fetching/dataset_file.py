"""The file of a dataset that is being fetched, and its place among those that were uploaded."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.errors import FetchFailed

# Of uploads too: the server removes what begins so and is a day old.
_INCOMING = ".incoming-fetch-"
_NPZ_START = b"PK\x03\x04"
_EXPECTED = "expected an .npz file, as numpy.savez writes it"


class DatasetFile:
    """Grows by pieces; `put_in_place` gives it the name by which simulations and equal uploads find it."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self.size = 0  # in bytes
        self._start = b""
        self._file = file
        self._folder = folder
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Raises FetchFailed as soon as this is no .npz file, which is asked of an upload too."""
        self._start = (self._start + chunk)[: len(_NPZ_START)]
        if not _NPZ_START.startswith(self._start):
            raise FetchFailed(f"a file that starts with {self._start!r} came, {_EXPECTED}")
        self.size += len(chunk)
        self._digest.update(chunk)
        self._file.write(chunk)

    def complete(self) -> None:
        """When this returns, the content survives a loss of power. Raises FetchFailed where there is none."""
        if self._start != _NPZ_START:
            raise FetchFailed(f"{self.size or 'no'} bytes came, {_EXPECTED}")
        self._file.flush()
        os.fchmod(
            self._file.fileno(), 0o444
        )  # whoever runs the training reads it, nobody changes it
        os.fsync(self._file.fileno())

    def put_in_place(self) -> None:
        """To be called when it is complete; when this returns, its name survives a loss of power too."""
        path = dataset_path(self._folder, self.sha256)
        path.parent.mkdir(exist_ok=True)
        os.replace(self._file.name, path)
        for changed in (path.parent, self._folder):
            _sync_folder(changed)


@contextmanager
def incoming(folder: Path, fetch_id: int) -> Iterator[DatasetFile]:
    """A new file, the one of this fetch; gone at the end unless it was put in place."""
    path = _path(folder, fetch_id)
    path.unlink(missing_ok=True)  # left by a worker that was killed
    try:
        with path.open("xb") as file:
            yield DatasetFile(file, folder)
    finally:
        path.unlink(missing_ok=True)


def unfinished(folder: Path) -> list[int]:
    """The fetches of which there are files."""
    return [int(path.name.removeprefix(_INCOMING)) for path in folder.glob(f"{_INCOMING}*")]


def remove(folder: Path, fetch_id: int) -> None:
    _path(folder, fetch_id).unlink(missing_ok=True)


def _path(folder: Path, fetch_id: int) -> Path:
    return folder / f"{_INCOMING}{fetch_id}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
