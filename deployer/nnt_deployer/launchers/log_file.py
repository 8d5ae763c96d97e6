"""A log that a process appends to."""

from pathlib import Path

from nnt_deployer.launchers.shim import LOG


def size(folder: Path) -> int:
    try:
        return (folder / LOG).stat().st_size
    except FileNotFoundError:
        return 0


def read(folder: Path, start: int, size: int) -> bytes:
    """At most `size` bytes from `start` on; nothing where there is no log."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(start)
            return file.read(size)
    except FileNotFoundError:
        return b""
