"""Arrays from an .npz file that a stranger made: looked through before anything of it takes memory."""

import math
import struct
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO, FileIO
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

_NUMBERS = "biuf"
_MEMBERS = 1000
_LISTING_BYTES = 2**20
_HEADER_BYTES = 2**14
_DIMENSIONS = 32
_ENCRYPTED = 0x1
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what NumPy writes
_DEFLATE_AT_MOST = 1032  # times smaller, by its format
_MIB = 2**20
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError)
# What reading a header raises that is none: it is read as a Python literal.
_NO_HEADER = (
    *(ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError, UserWarning),
    tokenize.TokenError,
)


class NpzError(Exception):
    """Says in words for its owner what is wrong with the file."""


class _Header(NamedTuple):
    shape: tuple[int, ...]
    dtype: "np.dtype[np.generic]"
    bytes: int  # of the header itself

    @property
    def values_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize  # Python's integers do not overflow


def read(path: Path, names: Sequence[str], max_bytes: int) -> list[np.ndarray]:
    """The arrays of these names; raises NpzError."""
    try:
        with _Listing(path) as file, ZipFile(file) as archive:
            members = _members(archive, path.stat().st_size, max_bytes)
            return [_array(archive, members, name) for name in names]
    except (*_DAMAGE, UnicodeDecodeError) as error:
        raise NpzError(f"the .npz file is damaged: {error}.") from error


class _Listing(FileIO):
    """The file, of which a long list of members is not read; NumPy reads arrays in smaller pieces."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LISTING_BYTES:
            raise NpzError(f"its list of members takes {size} bytes, expected a few arrays.")
        return super().read(size) or b""


def _members(archive: ZipFile, file_bytes: int, max_bytes: int) -> Mapping[str, ZipInfo]:
    """By the name of the array. No member is ever written anywhere, by its name or another."""
    members = archive.infolist()
    if len(members) > _MEMBERS:
        raise NpzError(f"it has {len(members)} members, expected at most {_MEMBERS}.")
    for member in members:
        _check_name(member)
        _check_packing(member)
    for name, count in Counter(member.filename for member in members).items():
        if count > 1:
            raise NpzError(f"{_quoted(name)} is in it {count} times, expected every name once.")
    if sum(member.compress_size for member in members) > file_bytes:
        raise NpzError(
            "its members overlap or are cut off: they claim more bytes than the file has."
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > max_bytes:
        raise NpzError(
            f"unpacked it takes {unpacked / _MIB:,.0f} MiB, expected at most {max_bytes / _MIB:,.0f}."
        )
    return {member.filename.removesuffix(".npy"): member for member in members}


def _check_name(member: ZipInfo) -> None:
    name = member.orig_filename
    is_plain = name.isprintable() and "\\" not in name and not name.startswith("/")
    if not is_plain or ".." in name.split("/") or not name.endswith(".npy"):
        raise NpzError(
            f"it holds {_quoted(name)}, expected nothing but arrays as numpy.savez writes them,"
            " with plain names that end in .npy."
        )


def _check_packing(member: ZipInfo) -> None:
    name = _quoted(member.filename)
    if member.flag_bits & _ENCRYPTED:
        raise NpzError(f"{name} is encrypted, expected a file without a password.")
    if member.compress_type not in _COMPRESSIONS:
        raise NpzError(f"{name} is compressed in another way than numpy.savez_compressed does it.")
    most = _DEFLATE_AT_MOST if member.compress_type == zipfile.ZIP_DEFLATED else 1
    if member.file_size > member.compress_size * most:
        raise NpzError(
            f"{name} claims to unpack to {member.file_size} bytes, which its"
            f" {member.compress_size} bytes cannot hold."
        )


def _array(archive: ZipFile, members: Mapping[str, ZipInfo], name: str) -> np.ndarray:
    if name not in members:
        present = ", ".join(map(_quoted, list(members)[:20])) or "nothing"
        raise NpzError(f"expected an array named '{name}', the file holds {present}.")
    member = members[name]
    with archive.open(member) as content:
        _check_header(_header(content, name), member.file_size, name)
    with archive.open(member) as content:
        try:
            array: np.ndarray = npy.read_array(content, allow_pickle=False)
        except ValueError as error:
            raise NpzError(f"'{name}' cannot be read: {error}.") from error
    return array


def _header(content: IO[bytes], name: str) -> _Header:
    start = BytesIO(content.read(_HEADER_BYTES))
    try:
        version = npy.read_magic(start)
        if version not in _HEADERS:
            raise ValueError(f"its format is {version}")
        shape, _, dtype = _HEADERS[version](start)
    except _NO_HEADER as error:
        raise NpzError(
            f"'{name}' cannot be read: {str(error)[:200]}."
            " Expected an array as numpy.savez writes it; nothing else is loaded."
        ) from error
    return _Header(shape, dtype, start.tell())


def _check_header(header: _Header, member_bytes: int, name: str) -> None:
    if header.dtype.hasobject:
        raise NpzError(
            f"'{name}' holds Python objects, which are not loaded. Expected an array of numbers;"
            " rows of different lengths and mixed types are saved as objects."
        )
    if header.dtype.kind not in _NUMBERS:
        raise NpzError(f"'{name}' holds values of type {header.dtype}, expected numbers.")
    if len(header.shape) > _DIMENSIONS or any(size < 0 for size in header.shape):
        shape = str(header.shape)[:200]
        raise NpzError(f"'{name}' cannot have the shape {shape}.")
    if 0 in header.shape:
        raise NpzError(f"'{name}' is empty (its shape is {header.shape}).")
    if header.bytes + header.values_bytes != member_bytes:
        raise NpzError(
            f"'{name}' claims the shape {header.shape} of {header.dtype}, {header.values_bytes} bytes,"
            f" but {member_bytes - header.bytes} bytes are there."
        )


def _quoted(name: str) -> str:
    return repr(name) if len(name) <= 100 else f"{name[:100]!r}…"
