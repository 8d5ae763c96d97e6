"""Pure: rows of `weights` in PostgreSQL's binary COPY format.

Source: PostgreSQL's documentation of COPY (Binary Format), and array_send for the layout of an array.
"""

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from nnt_parser.ingest import WeightPart

WEIGHT_COLUMNS = (
    "sim_id, epoch, time, layer_index, layer_name, variable, shape, first_index, weight"
)
_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_FIELDS = 9
_EPOCH_OF_POSTGRES = datetime(2000, 1, 1, tzinfo=UTC)
_FLOAT4_OID = 700
_INT4_OID = 23
_ELEMENT = {np.dtype("<f4"): np.dtype([("length", ">i4"), ("value", ">f4")])}
_INTEGER_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i4")])


def weight_rows(
    sim_id: UUID, epoch: int, time: datetime, parts: Iterable[WeightPart]
) -> Iterator[bytes]:
    """The whole stream, one row at a time."""
    microseconds = round((time - _EPOCH_OF_POSTGRES).total_seconds() * 1_000_000)
    start = struct.pack(">h", _FIELDS) + _field(sim_id.bytes) + _int4(epoch) + _int8(microseconds)
    yield _HEADER
    for array, first_index, values in parts:
        yield (
            start
            + _int4(array.layer_index)
            + _field(array.layer_name.encode())
            + _field(array.variable.encode())
            + _array(np.asarray(array.shape, dtype=np.int64), _INT4_OID, _INTEGER_ELEMENT)
            + _int8(first_index)
        )
        yield _array(values, _FLOAT4_OID, _ELEMENT[values.dtype])
    yield _TRAILER


def _field(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _int4(value: int) -> bytes:
    return struct.pack(">ii", 4, value)


def _int8(value: int) -> bytes:
    return struct.pack(">iq", 8, value)


def _array(values: npt.NDArray[np.generic], oid: int, element: np.dtype[np.void]) -> bytes:
    """A one-dimensional array; an empty one has no dimension."""
    if not len(values):
        return _field(struct.pack(">iii", 0, 0, oid))
    elements = np.empty(len(values), dtype=element)
    elements["length"] = 4
    elements["value"] = values
    dimensions = struct.pack(">iiiii", 1, 0, oid, len(values), 1)
    return struct.pack(">i", len(dimensions) + elements.nbytes) + dimensions + elements.tobytes()
