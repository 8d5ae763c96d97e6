"""Pure: from a collection to what is stored of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from nnt_contract.updates import Array, Collection
from nnt_parser import copy_binary as binary
from nnt_parser.frame_file import FrameFile
from nnt_parser.weight_summary import (
    Envelope,
    Statistics,
    Summary,
    Values,
    squared_distance,
    summarise,
)

# A field of more values costs several times its size in the database's memory: db/README.md has the figures.
VALUES_PER_ROW = 2**20
# Small enough that what is computed of a piece stays in the processor's cache.
VALUES_PER_PIECE = 2**17

WEIGHT_COLUMNS = (
    "sim_id, epoch, time, layer_index, layer_name, variable, shape, first_index, weight"
)
STATISTICS_COLUMNS = (
    "sim_id, epoch, time, layer_index, layer_name, variable, shape, mean, std, min, max, l2, zeros, nans, "
    "infinities, change_l2, duplicate_units, zero_units, histogram"
)
ENVELOPE_COLUMNS = "sim_id, epoch, time, layer_index, variable, values_per_bucket, minima, maxima"

_EPOCH_VALUES = ("loss", "accuracy", "val_loss", "val_accuracy")

_Fields = Sequence[bytes]


class Weights(Protocol):
    """The variables of a collection, wherever they are kept."""

    def holds(self, array: Array) -> bool:
        """Whether it has this variable in the same shape."""

    def read(self, array: Array, first: int, count: int) -> Values:
        """That many values of the flattened variable, from position `first`, counted from 0."""


class Metrics(NamedTuple):
    epoch_values: dict[str, float | None]
    extra: dict[str, float]


def split_metrics(logs: Mapping[str, float]) -> Metrics:
    """The metrics every simulation may have, None where absent, and all others."""
    common: dict[str, float | None] = {name: logs.get(name) for name in _EPOCH_VALUES}
    return Metrics(common, {name: value for name, value in logs.items() if name not in common})


def summaries(frame: FrameFile) -> list[Summary]:
    """The summary of each variable of the collection."""

    def of(array: Array) -> Summary:
        return summarise(
            array, lambda: (piece.values for piece in frame.pieces(array, VALUES_PER_PIECE))
        )

    return [of(array) for array in frame.collection.arrays]


def changes(frame: FrameFile, other: Weights) -> list[float | None]:
    """For each variable, the l2 norm of its difference to the other collection; None where that has no such."""
    return [
        _change(array, frame, other) if other.holds(array) else None
        for array in frame.collection.arrays
    ]


def weight_rows(frame: FrameFile, time: datetime) -> Iterator[binary.Row]:
    """The rows of `weights`: runs of the flattened values of each variable."""
    for array in frame.collection.arrays:
        start = _start(frame.collection, time)
        for first, values in frame.pieces(array, VALUES_PER_ROW):
            yield (
                *start,
                *_variable(array),
                binary.int8(first + 1),
                binary.float4_array(values),
            )


def statistics_rows(
    collection: Collection,
    time: datetime,
    summaries: Sequence[Summary],
    changes: Sequence[float | None],
) -> Iterator[binary.Row]:
    """The rows of `weight_statistics`, one for each variable."""
    for array, summary, change in zip(collection.arrays, summaries, changes, strict=True):
        yield (
            *_start(collection, time),
            *_variable(array),
            *_statistics(summary.statistics, change),
        )


def envelope_rows(
    collection: Collection, time: datetime, summaries: Sequence[Summary]
) -> Iterator[binary.Row]:
    """The rows of `weight_envelope`, one for each variable."""
    for array, summary in zip(collection.arrays, summaries, strict=True):
        yield (
            *_start(collection, time),
            binary.int4(array.layer_index),
            binary.text(array.variable),
            *_envelope(summary.envelope),
        )


def _change(array: Array, frame: FrameFile, other: Weights) -> float:
    squares = 0.0
    for first, values in frame.pieces(array, VALUES_PER_PIECE):
        squares += squared_distance(values, other.read(array, first, len(values)))
    return math.sqrt(squares)


def _start(collection: Collection, time: datetime) -> _Fields:
    return (
        binary.uuid(collection.sim_id),
        binary.int4(collection.epoch),
        binary.timestamptz(time),
    )


def _variable(array: Array) -> _Fields:
    return (
        binary.int4(array.layer_index),
        binary.text(array.layer_name),
        binary.text(array.variable),
        binary.int4_array(array.shape),
    )


def _statistics(of: Statistics, change: float | None) -> _Fields:
    return (
        *(binary.float8(value) for value in (of.mean, of.std, of.min, of.max, of.l2)),
        *(binary.int8(value) for value in (of.zeros, of.nans, of.infinities)),
        binary.float8(change),
        binary.int4(of.duplicate_units),
        binary.int4(of.zero_units),
        binary.int8_array(of.histogram),
    )


def _envelope(of: Envelope) -> binary.Row:
    return (
        binary.int8(of.values_per_bucket),
        binary.float4_array(of.minima),
        binary.float4_array(of.maxima),
    )
