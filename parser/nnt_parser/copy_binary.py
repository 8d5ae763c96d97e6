"""Pure: values and rows in PostgreSQL's binary COPY format.

Source: PostgreSQL's documentation of COPY (Binary Format), and the receive functions of the types for their layout.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

NULL = struct.pack(">i", -1)
_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_EPOCH_OF_POSTGRES = datetime(2000, 1, 1, tzinfo=UTC)
# A piece as long as this stays in the processor's cache while it is encoded and sent.
_VALUES_PER_PIECE = 2**15

Row = Sequence[bytes | Iterator[bytes]]  # encoded fields, large ones in pieces


def stream(rows: Iterable[Row]) -> Iterator[bytes]:
    """The whole stream."""
    yield _HEADER
    for row in rows:
        yield struct.pack(">h", len(row))
        for field in row:
            if isinstance(field, bytes):
                yield field
            else:
                yield from field
    yield _TRAILER


def uuid(value: UUID) -> bytes:
    return _field(value.bytes)


def text(value: str) -> bytes:
    return _field(value.encode())


def int4(value: int | None) -> bytes:
    return NULL if value is None else struct.pack(">ii", 4, value)


def int8(value: int) -> bytes:
    return struct.pack(">iq", 8, value)


def float8(value: float | None) -> bytes:
    return NULL if value is None else struct.pack(">id", 8, value)


def timestamptz(value: datetime) -> bytes:
    return int8(round((value - _EPOCH_OF_POSTGRES).total_seconds() * 1_000_000))


def int4_array(values: Sequence[int]) -> bytes:
    return _array(np.asarray(values, dtype=np.int64), 23, ">i4")


def int8_array(values: Sequence[int]) -> bytes:
    return _array(np.asarray(values, dtype=np.int64), 20, ">i8")


def float4_array(values: npt.NDArray[np.float32]) -> Iterator[bytes]:
    return _array_in_pieces(values, 700, ">f4")


def _field(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _array(values: npt.NDArray[np.generic], oid: int, kind: str) -> bytes:
    return b"".join(_array_in_pieces(values, oid, kind))


def _array_in_pieces(values: npt.NDArray[np.generic], oid: int, kind: str) -> Iterator[bytes]:
    """A one-dimensional array; an empty one has no dimension."""
    if not len(values):
        yield _field(struct.pack(">iii", 0, 0, oid))
        return
    elements = np.empty(
        min(_VALUES_PER_PIECE, len(values)), dtype=[("length", ">i4"), ("value", kind)]
    )
    elements["length"] = elements.dtype["value"].itemsize
    dimensions = struct.pack(">iiiii", 1, 0, oid, len(values), 1)
    yield struct.pack(">i", len(dimensions) + len(values) * elements.itemsize) + dimensions
    for first in range(0, len(values), _VALUES_PER_PIECE):
        piece = values[first : first + _VALUES_PER_PIECE]
        filled = elements[: len(piece)]
        filled["value"] = piece
        yield filled.tobytes()
