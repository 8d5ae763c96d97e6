"""Named arrays, as numpy.savez writes them."""

import math
import struct
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from nnt_datasets.dataset import Dataset, Keys, Strange
from nnt_datasets.disk import Disk, row_blocks
from nnt_datasets.errors import DatasetError, Place, listed, quoted
from nnt_datasets.formats.archive import checked_members, opened

_NUMBERS = "biuf"
_HEADER_BYTES = 2**14
_READ_AT_ONCE = 2**20
_DIMENSIONS = 32
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# What reading a header raises that is none: it is read as a Python literal.
_NO_HEADER = (
    *(ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError, UserWarning),
    *(tokenize.TokenError, struct.error, IndexError, AttributeError),
)
_ALL_HEADERS_BYTES = 2**20


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: "np.dtype[np.generic]"
    bytes: int  # of the header itself

    @property
    def values_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize  # Python's integers do not overflow


def read(path: Path, keys: Keys, disk: Disk) -> Dataset:
    """Raises DatasetError. Takes memory for a few pieces of 1 MiB, whatever the size of the file."""
    disk = disk
    with opened(path) as archive:
        # Twice: float64 is stored as float32.
        members = _by_name(
            checked_members(archive, 2 * disk.limits.array_bytes + _ALL_HEADERS_BYTES)
        )
        features, labels = (
            _array(archive, members, name, disk) for name in (keys.features, keys.labels)
        )
    _check_labels(labels, len(features), keys)
    return Dataset("npz", features, labels, strange=_strange(features, keys.features))


def _check_labels(labels: np.ndarray, rows: int, keys: Keys) -> None:
    if len(labels) != rows:
        raise _wrong(
            keys.labels,
            f"{rows} labels, as many as {quoted(keys.features)} has rows",
            str(len(labels)),
        )
    if strange := _strange(labels, keys.labels):
        raise DatasetError(
            "finite numbers as labels",
            f"{strange.count} of {labels.size} values that are NaN or infinite",
            strange.first,
        )


def _strange(array: np.ndarray, name: str) -> Strange | None:
    if array.dtype.kind != "f":
        return None
    count, place = 0, None
    for first, rows in row_blocks(array):
        finite = np.isfinite(rows)
        if not finite.all():
            count += finite.size - int(np.count_nonzero(finite))
            place = place or Place(row=first + int(np.argwhere(~finite)[0][0]) + 1, array=name)
    return Strange(count, place) if place else None


def _by_name(members: Sequence[ZipInfo]) -> Mapping[str, ZipInfo]:
    for member in members:
        name = member.orig_filename
        is_plain = name.isprintable() and "\\" not in name and not name.startswith("/")
        if not is_plain or ".." in name.split("/") or not name.endswith(".npy"):
            raise DatasetError(
                "nothing but arrays as numpy.savez writes them, with plain names that end in .npy",
                f"an archive that holds {quoted(name)}",
            )
    return {member.filename.removesuffix(".npy"): member for member in members}


def _array(archive: ZipFile, members: Mapping[str, ZipInfo], name: str, disk: Disk) -> np.ndarray:
    if name not in members:
        raise DatasetError(
            f"an array named {quoted(name)}", f"an .npz file that holds {listed(list(members))}"
        )
    with archive.open(members[name]) as content:
        header = _header(content, name)
    _check_header(header, members[name].file_size, name)
    stored = disk.array((), kept_as(header.dtype))
    with archive.open(members[name]) as content:
        content.read(header.bytes)
        for piece in _pieces(content, header.dtype):
            stored.append(piece)
    return stored.mapped().reshape(header.shape, order="F" if header.fortran_order else "C")


def _pieces(content: IO[bytes], dtype: "np.dtype[np.generic]") -> Iterator[np.ndarray]:
    size = _READ_AT_ONCE // dtype.itemsize * dtype.itemsize
    while piece := content.read(size):
        yield np.frombuffer(piece, dtype)


def kept_as(dtype: "np.dtype[np.generic]") -> "np.dtype[np.generic]":
    """Keras computes in float32; integers stay, embeddings and sparse losses need them; booleans are 0 and 1."""
    if dtype.kind == "f":
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")


def _header(content: IO[bytes], name: str) -> _Header:
    start = BytesIO(content.read(_HEADER_BYTES))
    try:
        version = npy.read_magic(start)
        if version not in _HEADERS:
            raise ValueError(f"its format is {version}")
        shape, fortran_order, dtype = _HEADERS[version](start)
    except _NO_HEADER as error:
        raise _wrong(
            name, "an array as numpy.savez writes it", f"what cannot be read: {str(error)[:200]}"
        ) from error
    return _Header(shape, fortran_order, dtype, start.tell())


def _check_header(header: _Header, member_bytes: int, name: str) -> None:
    if header.dtype.hasobject:
        raise _wrong(
            name,
            "an array of numbers",
            "Python objects, which are not loaded",
            hint="Rows of different lengths and mixed types are saved as objects.",
        )
    if header.dtype.kind not in _NUMBERS or header.dtype.shape:
        raise _wrong(name, "an array of numbers", f"values of type {str(header.dtype)[:50]}")
    if len(header.shape) > _DIMENSIONS or any(size < 0 for size in header.shape):
        raise _wrong(name, "a possible shape", str(header.shape)[:200])
    if not header.shape:
        raise _wrong(name, "one entry per row", "a single number")
    if 0 in header.shape:
        raise _wrong(name, "at least one row", f"an empty array: its shape is {header.shape}")
    if header.bytes + header.values_bytes != member_bytes:
        raise _wrong(
            name,
            f"{header.values_bytes} bytes, since it claims the shape {header.shape} of {header.dtype}",
            f"{member_bytes - header.bytes} bytes",
        )


def _wrong(name: str, expected: str, received: str, hint: str = "") -> DatasetError:
    return DatasetError(expected, received, Place(array=name), hint=hint)
