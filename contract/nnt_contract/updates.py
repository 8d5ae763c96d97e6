"""What a simulation reports: a collection, its end, or its failure; and how they are laid out as bytes.

A frame is the magic, the header's length (unsigned 32-bit, little-endian), the header (one of the updates below as
JSON) and the arrays the header lists, one after the other, as little-endian float32 in C order.
"""

import math
import struct
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from nnt_contract.errors import ContractError, ErrorBody, contract_error
from nnt_contract.message import Message, Number, Text
from nnt_contract.records import Record

FRAME_TYPE = "application/vnd.nnt.frame"
FRAME_START = struct.Struct("<4sI")
MAX_HEADER_BYTES = 16 * 2**20
# The weights before the first batch are sent as this epoch: they have statistics, and are not counted as collected.
INITIAL_EPOCH = -1
_MAGIC = b"NNT1"
_BYTES_PER_VALUE = 4


class Array(Message):
    """One variable of one layer."""

    layer_index: NonNegativeInt  # position in model.layers
    layer_name: Text
    variable: Text = Field(min_length=1)  # path below the layer: kernel, lstm_cell/kernel
    shape: tuple[NonNegativeInt, ...] = Field(strict=False)
    dtype: Literal["float32"] = "float32"

    @property
    def values(self) -> int:
        return math.prod(self.shape)


class Collection(Message):
    """The metrics and weights of one epoch, as they are at its end."""

    kind: Literal["update"] = "update"
    sim_id: UUID
    attempt: PositiveInt
    epoch: int = Field(ge=INITIAL_EPOCH)
    logs: dict[Text, Number]
    learning_rate: Number | None = None  # in force at the end of the epoch
    optimizer_steps: NonNegativeInt | None = None  # since the previous collection
    records: tuple[Record, ...] = ()  # since the previous update
    arrays: tuple[Array, ...] = Field(default=(), strict=False)


class Finish(Message):
    """Training has ended well; every collection was sent before."""

    kind: Literal["finish"] = "finish"
    sim_id: UUID
    attempt: PositiveInt
    records: tuple[Record, ...] = ()  # since the last collection


class Failure(Message):
    """Training has ended with an error, told in words a user understands."""

    kind: Literal["send_error"] = "send_error"
    sim_id: UUID
    attempt: PositiveInt
    error: Text = Field(min_length=1, max_length=20_000)


# `kind` is also the path of the parser's endpoint that takes the update.
Update = Annotated[Collection | Finish | Failure, Field(discriminator="kind")]
_update: TypeAdapter[Collection | Finish | Failure] = TypeAdapter(Update)


def frame_head(update: Collection | Finish | Failure) -> bytes:
    """All of the frame but its arrays."""
    header = _update.dump_json(update)
    return FRAME_START.pack(_MAGIC, len(header)) + header


def header_length(start: bytes) -> int:
    """The length of the header that follows these first FRAME_START.size bytes; raises ContractError."""
    if len(start) < FRAME_START.size:
        raise _not_a_frame(f"only {len(start)} bytes came")
    magic, length = FRAME_START.unpack(start)
    if magic != _MAGIC:
        raise _not_a_frame(f"it starts with {magic!r}, expected {_MAGIC!r}")
    if length > MAX_HEADER_BYTES:
        raise _not_a_frame(
            f"its header claims {length} bytes, at most {MAX_HEADER_BYTES} are taken"
        )
    return int(length)


def parse_header(header: bytes) -> Collection | Finish | Failure:
    """The update that a frame's header holds; raises ContractError."""
    try:
        return _update.validate_json(header)
    except ValidationError as error:
        raise contract_error("the update", error) from error


def payload_bytes(update: Collection | Finish | Failure) -> int:
    """How many bytes of arrays follow the header."""
    arrays = update.arrays if isinstance(update, Collection) else ()
    return sum(array.values for array in arrays) * _BYTES_PER_VALUE


def _not_a_frame(why: str) -> ContractError:
    return ContractError(ErrorBody(error="not_a_frame", message=f"the body is not a frame: {why}"))
