"""The state of a training on disk, so that another process goes on exactly where this one was."""

import json
import logging
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

import numpy as np

from nnt_simulation.durable import made_folder, overwritten_file

_log = logging.getLogger(__name__)

_NAMES = ("even.checkpoint", "odd.checkpoint")
_START = struct.Struct("<qQ")  # the epoch; how many bytes of content there are
# Tells a torn file from a whole one. Nobody forges checkpoints, and it is three times as fast as SHA-256.
_CHECKSUM = struct.Struct("<I")
_CONTENT = _START.size + _CHECKSUM.size
_PIECE = 2**20


class Stored(NamedTuple):
    """How the values of a variable are stored."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class Header(NamedTuple):
    epoch: int  # the last one that is complete
    threads: int  # as many again make the same sums, to the last bit
    callbacks: Mapping[str, Mapping[str, Any]] = {}
    backend: str = "tensorflow"  # which those of before there was another one do not say


class Checkpoint(NamedTuple):
    header: Header
    variables: Mapping[str, np.ndarray]


class Checkpoints:
    """A folder with the newest checkpoint and the one before it, which is taken when the newest is damaged.

    Epochs with an even and with an odd number have a file each, so that the last one stays as it is while its
    successor is written over its predecessor.

    A file is the epoch, the length of the content, and the CRC-32 of both and the content; then the content: the
    header and what is stored as a line of JSON, and the values. What comes after that is left from a longer one.
    """

    def __init__(self, folder: Path) -> None:
        made_folder(folder)
        self._folder = folder

    def write(self, header: Header, layout: Sequence[Stored], values: Iterable[np.ndarray]) -> None:
        """Returns when the checkpoint is on disk; `values`, as in `layout`, are held one at a time."""
        with overwritten_file(self._folder / _NAMES[header.epoch % 2]) as file:
            file.seek(_CONTENT)
            length = checksum = 0
            for piece in _pieces(header, layout, values):
                file.write(piece)
                length += len(piece)
                checksum = crc32(piece, checksum)
            start = _START.pack(header.epoch, length)
            file.seek(0)
            file.write(start + _CHECKSUM.pack(crc32(start, checksum)))

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is as it was written."""
        paths = (path for name in _NAMES if (path := self._folder / name).exists())
        for path in sorted(paths, key=_claimed_epoch, reverse=True):
            with path.open("rb") as file:
                if _is_intact(file):
                    return _read(file)
            _log.warning("the checkpoint %s is damaged", path.name)
        return None


def _pieces(
    header: Header, layout: Sequence[Stored], values: Iterable[np.ndarray]
) -> Iterator[bytes | memoryview]:
    yield json.dumps([header._asdict(), layout]).encode() + b"\n"
    for value in values:
        yield value.reshape(-1).view(np.uint8).data


def _read_start(file: BinaryIO) -> tuple[bytes, int]:
    """The start and the checksum; of a file that is too short, those of no content, which are wrong."""
    start = file.read(_START.size).ljust(_START.size, b"\0")
    checksum: int = _CHECKSUM.unpack(file.read(_CHECKSUM.size).ljust(_CHECKSUM.size, b"\0"))[0]
    return start, checksum


def _claimed_epoch(path: Path) -> int:
    with path.open("rb") as file:
        epoch: int = _START.unpack(_read_start(file)[0])[0]
        return epoch


def _is_intact(file: BinaryIO) -> bool:
    start, expected = _read_start(file)
    _, left = _START.unpack(start)
    checksum = 0
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        checksum = crc32(piece, checksum)
        left -= len(piece)
    return left == 0 and crc32(start, checksum) == expected


def _read(file: BinaryIO) -> Checkpoint:
    """Of an intact file."""
    file.seek(_CONTENT)
    header, layout = json.loads(file.readline())
    variables = {}
    for stored in (Stored(*described) for described in layout):
        values = np.frombuffer(file.read(stored.bytes), stored.dtype)
        variables[stored.name] = values.reshape(stored.shape)
    return Checkpoint(Header(**header), variables)
