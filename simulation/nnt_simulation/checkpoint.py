"""The state of a training on disk, so that another process goes on exactly where this one was."""

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from nnt_simulation.durable import durable_file, remove_unfinished

_log = logging.getLogger(__name__)

_KEPT = 2
_SUFFIX = ".checkpoint"
_DIGEST_BYTES = hashlib.sha256().digest_size
_PIECE = 2**20


class Header(NamedTuple):
    epoch: int  # the last one that is complete
    threads: int  # as many again make the same sums, to the last bit
    callbacks: Mapping[str, Mapping[str, Any]] = {}


class Checkpoint(NamedTuple):
    header: Header
    variables: Mapping[str, np.ndarray]


class Checkpoints:
    """A folder with the newest checkpoint and the one before it, which is taken when the newest is damaged.

    A file is the header as a line of JSON; for each variable a line that describes it and its values; and the
    SHA-256 of all that.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
        self._folder = folder

    def write(self, header: Header, variables: Iterable[tuple[str, np.ndarray]]) -> None:
        """Returns when the checkpoint is on disk; holds one variable at a time."""
        with durable_file(self._folder / f"{header.epoch:010d}{_SUFFIX}") as file:
            hashed = _Hashed(file)
            hashed.write_line(header._asdict())
            for name, value in variables:
                hashed.write_line({"name": name, "dtype": str(value.dtype), "shape": value.shape})
                hashed.write(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
            file.write(hashed.digest())
        for path in self._newest_first()[_KEPT:]:
            path.unlink()

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is as it was written."""
        for path in self._newest_first():
            with path.open("rb") as file:
                if (size := _intact_bytes(file)) is not None:
                    return _read(file, size)
            _log.warning("the checkpoint %s is damaged", path.name)
        return None

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"), reverse=True)


class _Hashed:
    """Writes to a file and to a digest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._sha256.update(data)

    def write_line(self, value: Mapping[str, Any]) -> None:
        self.write(json.dumps(value).encode() + b"\n")

    def digest(self) -> bytes:
        return self._sha256.digest()


def _intact_bytes(file: BinaryIO) -> int | None:
    """How many bytes come before the digest, if it is theirs; else None."""
    size = left = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
    sha256 = hashlib.sha256()
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        sha256.update(piece)
        left -= len(piece)
    return size if left == 0 and file.read() == sha256.digest() else None


def _read(file: BinaryIO, size: int) -> Checkpoint:
    file.seek(0)
    header = Header(**json.loads(file.readline()))
    variables = {}
    while file.tell() < size:
        described = json.loads(file.readline())
        dtype = np.dtype(described["dtype"])
        values = file.read(math.prod(described["shape"]) * dtype.itemsize)
        variables[described["name"]] = np.frombuffer(values, dtype).reshape(described["shape"])
    return Checkpoint(header, variables)
