"""Files whose content is on disk when they are said to be written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_UNFINISHED = ".tmp"


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; `path` is it once everything has reached the disk, and never if the body raises."""
    with (
        _in_place_at_the_end(path.with_name(path.name + _UNFINISHED), path) as unfinished,
        unfinished.open("wb") as file,
    ):
        yield file


@contextmanager
def durable_path(path: Path) -> Iterator[Path]:
    """The same for what writes its file itself: the name to give it, which has the ending of `path`."""
    unfinished = path.with_name(f"{path.stem}{_UNFINISHED}{path.suffix}")
    with _in_place_at_the_end(unfinished, path):
        yield unfinished


@contextmanager
def overwritten_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write again in the place that it has on disk, from its beginning and as far as is written.

    Much cheaper than another file for every content, but an interrupted one is torn, which its reader has to notice.
    """
    is_new = not path.exists()
    with path.open("xb" if is_new else "r+b") as file:
        yield file
        file.flush()
        os.fdatasync(file.fileno())  # unlike fsync, it lets the time of the change wait
    if is_new:
        _sync_folder(path.parent)


def made_folder(folder: Path) -> None:
    """Makes the folder if need be; the names in it, also those that a killed process gave, are on disk afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(folder)
    _sync_folder(folder.parent)


def remove_unfinished(folder: Path) -> None:
    """Removes what a killed process was writing."""
    for path in folder.glob(f"*{_UNFINISHED}"):
        path.unlink()


@contextmanager
def _in_place_at_the_end(unfinished: Path, path: Path) -> Iterator[Path]:
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Puts on disk which names the folder holds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
