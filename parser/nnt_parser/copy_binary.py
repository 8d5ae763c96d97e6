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


def stream(rows: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
    """The whole stream, each row given as its encoded fields."""
    yield _HEADER
    for fields in rows:
        yield struct.pack(">h", len(fields)) + b"".join(fields[:-1])
        yield fields[-1]  # the large one comes last, and is not copied once more
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


def float4_array(values: npt.NDArray[np.float32]) -> bytes:
    return _array(values, 700, ">f4")


def _field(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _array(values: npt.NDArray[np.generic], oid: int, kind: str) -> bytes:
    """A one-dimensional array; an empty one has no dimension."""
    if not len(values):
        return _field(struct.pack(">iii", 0, 0, oid))
    elements = np.empty(len(values), dtype=[("length", ">i4"), ("value", kind)])
    elements["length"] = elements.dtype["value"].itemsize
    elements["value"] = values
    dimensions = struct.pack(">iiiii", 1, 0, oid, len(values), 1)
    return struct.pack(">i", len(dimensions) + elements.nbytes) + dimensions + elements.tobytes()
