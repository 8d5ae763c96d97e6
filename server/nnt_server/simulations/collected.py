"""What was collected of a simulation, read in pieces: there may be more of it than fits into memory."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from nnt_contract.message import number_to_json

Row = tuple[Any, ...]

EPOCH_VALUES = ("epoch", "time", "loss", "accuracy", "val_loss", "val_accuracy")
EXTRA_METRICS = ("epoch", "time", "metric", "value")
RECORDS = ("kind", "epoch", "attempt", "time", "content")
WEIGHT_STATISTICS = (
    *("epoch", "time", "layer_index", "layer_name", "variable", "shape"),
    *("mean", "std", "min", "max", "l2", "zeros", "nans", "infinities"),
    *("change_l2", "duplicate_units", "zero_units", "histogram"),
)

_FUNCTIONS = {
    "epoch_values": EPOCH_VALUES,
    "extra_metrics": EXTRA_METRICS,
    "records": RECORDS,
    "weight_statistics": WEIGHT_STATISTICS,
}
_VARIABLES = """
SELECT layer_index, layer_name, variable, shape FROM weight_variables(%s, %s)
"""
_VALUES = "SELECT weight_values(%s, %s, %s, %s, %s, %s)"
_EPOCHS = "SELECT epoch FROM epoch_values(%s)"

_ROWS_AT_ONCE = 500
_VALUES_AT_ONCE = 2**16


class Variable(NamedTuple):
    """One variable of the weights at one epoch."""

    layer_index: int
    layer_name: str
    name: str
    shape: tuple[int, ...]


def epoch_values(sim_id: UUID) -> Iterator[Row]:
    return _rows("epoch_values", sim_id)


def extra_metrics(sim_id: UUID) -> Iterator[Row]:
    return _rows("extra_metrics", sim_id)


def weight_statistics(sim_id: UUID) -> Iterator[Row]:
    return _rows("weight_statistics", sim_id)


def records(sim_id: UUID, kind: str | None = None) -> Iterator[Row]:
    """Of one kind, or of all; what they contain is parsed JSON."""
    for *about, content in _rows("records", sim_id, None if kind is None else [kind]):
        yield (*about, json.loads(content))


def epochs(sim_id: UUID) -> list[int]:
    """The epochs of which there are collections."""
    with connection.cursor() as cursor:
        cursor.execute(_EPOCHS, [sim_id])
        return [epoch for (epoch,) in cursor.fetchall()]


def variables(sim_id: UUID, epoch: int) -> list[Variable]:
    with connection.cursor() as cursor:
        cursor.execute(_VARIABLES, [sim_id, epoch])
        return [
            Variable(index, layer, name, tuple(shape))
            for index, layer, name, shape in cursor.fetchall()
        ]


def values(sim_id: UUID, epoch: int, variable: Variable) -> Iterator[list[float]]:
    """All values of a variable, flattened in C order, in short lists."""
    first = 1
    while True:
        key: list[Any] = [
            sim_id,
            epoch,
            variable.layer_index,
            variable.name,
            first,
            _VALUES_AT_ONCE,
        ]
        with connection.cursor() as cursor:
            cursor.execute(_VALUES, key)
            found = cursor.fetchone()
        if not found or not found[0]:
            return
        yield found[0]
        first += len(found[0])


def plain(value: Any) -> Any:
    """A value of a row as it is written down, in JSON or CSV."""
    if isinstance(value, float):
        return number_to_json(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _rows(function: str, *asked: Any) -> Iterator[Row]:
    columns = ", ".join(f'"{column}"' for column in _FUNCTIONS[function])
    with connection.chunked_cursor() as cursor:
        values = ", ".join(["%s"] * len(asked))
        cursor.execute(f"SELECT {columns} FROM {function}({values})", asked)  # nosec B608  # our own names
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
