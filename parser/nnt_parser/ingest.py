"""Pure: from a collection to the rows that are stored of it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nnt_contract.updates import Array

# A field of more values costs several times its size in the database's memory: db/README.md has the figures.
VALUES_PER_ROW = 2**20

_EPOCH_VALUES = ("loss", "accuracy", "val_loss", "val_accuracy")


class Metrics(NamedTuple):
    epoch_values: dict[str, float | None]
    extra: dict[str, float]


class WeightPart(NamedTuple):
    """A row of `weights`: a run of the flattened values of one variable."""

    array: Array
    first_index: int  # of its first value, counted from 1
    values: npt.NDArray[np.float32]


def split_metrics(logs: Mapping[str, float]) -> Metrics:
    """The metrics every simulation may have, None where absent, and all others."""
    common: dict[str, float | None] = {name: logs.get(name) for name in _EPOCH_VALUES}
    return Metrics(common, {name: value for name, value in logs.items() if name not in common})


def weight_parts(array: Array, payload: Any) -> Iterator[WeightPart]:
    """The rows of one variable, read from `payload` (`read(n)`), which stands at its first byte."""
    for first in range(0, array.values, VALUES_PER_ROW):
        count = min(VALUES_PER_ROW, array.values - first)
        yield WeightPart(
            array, first + 1, np.frombuffer(payload.read(count * 4), dtype="<f4", count=count)
        )
