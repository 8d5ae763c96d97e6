"""A folder that a stranger's training writes into: a link in it would lead out of it, a pipe would hold us."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

NO_FOLDER = (FileNotFoundError, NotADirectoryError)  # the latter also for a link

_UNFINISHED = ".tmp"


class StrangeFolder:
    """Everything is done in the folder that was opened, whatever takes its place."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def files(self) -> list[str]:
        """Their names, in order."""
        with os.scandir(self._descriptor) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))

    def open(self, name: str) -> BinaryIO | None:
        """The file, to be read; None if nothing of that name is one."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError:
            return None
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        return None

    def write(self, name: str, content: str) -> None:
        """Puts a file of ours in the place of whatever has that name; whoever enters the folder can read it."""
        unfinished = name + _UNFINISHED
        self.remove(unfinished)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(unfinished, flags, 0o600, dir_fd=self._descriptor), "w") as file:
            os.fchmod(file.fileno(), 0o644)  # in a container, it is another user who reads it
            file.write(content)
        self.rename(unfinished, name)

    def rename(self, name: str, other: str) -> None:
        os.rename(name, other, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)


@contextmanager
def opened(path: Path) -> Iterator[StrangeFolder]:
    """Raises NO_FOLDER where there is none, or something else, or a link to one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield StrangeFolder(descriptor)
    finally:
        os.close(descriptor)
