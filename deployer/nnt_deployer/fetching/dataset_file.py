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
_MARKUP = (
    b"<"  # with which no dataset begins, and every page that says that something else is wrong
)
_EXPECTED = "expected a dataset: .npz, csv, arff, JSON or a pickled DataFrame"
_SHOWN_BYTES = 20


class DatasetFile:
    """Grows by pieces; `put_in_place` gives it the name by which simulations and equal uploads find it."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        self.size = 0  # in bytes
        self._file = file
        self._folder = folder
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Raises FetchFailed where it is a page rather than a file. What else it is, simulations find out."""
        if not self.size and chunk.lstrip().startswith(_MARKUP):
            raise FetchFailed(f"a page that starts with {chunk[:_SHOWN_BYTES]!r} came, {_EXPECTED}")
        self.size += len(chunk)
        self._digest.update(chunk)
        self._file.write(chunk)

    def complete(self) -> None:
        """When this returns, the content survives a loss of power. Raises FetchFailed where there is none."""
        if not self.size:
            raise FetchFailed(f"no bytes came, {_EXPECTED}")
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
