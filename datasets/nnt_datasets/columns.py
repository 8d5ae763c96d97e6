"""Columns of features that tell nothing: those that are always the same, and those that repeat another."""

from dataclasses import dataclass

import numpy as np

from nnt_contract.printable import shown
from nnt_datasets import fingerprints
from nnt_datasets.dataset import Dataset
from nnt_datasets.disk import row_blocks

_NAMED = 100


@dataclass(frozen=True)
class ColumnFindings:
    """Counts, and names of the first hundred; a column of arrays is named by its index in a row."""

    constant_count: int
    constant: tuple[str, ...]
    duplicate_count: int
    duplicate: tuple[tuple[str, str], ...]  # a column, and an earlier one with the same values


def findings(dataset: Dataset) -> ColumnFindings:
    """Needs memory for a few numbers per column. A constant column is not told as a duplicate too."""
    lowest, highest, prints = _sums(dataset.features)
    is_constant = lowest == highest  # never where a value is NaN
    earlier: dict[int, int] = {}
    duplicate = []
    for column in np.flatnonzero(~is_constant).tolist():
        first = earlier.setdefault(int(prints[column]), column)
        if first != column:
            duplicate.append((column, first))
    constant = np.flatnonzero(is_constant).tolist() if len(dataset.features) > 1 else []
    return ColumnFindings(
        len(constant),
        tuple(_name(dataset, column) for column in constant[:_NAMED]),
        len(duplicate),
        tuple((_name(dataset, one), _name(dataset, two)) for one, two in duplicate[:_NAMED]),
    )


def _sums(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each column: minimum, maximum (NaN where one value is) and fingerprint."""
    lowest = highest = features[0].reshape(-1)
    prints = np.zeros(lowest.size, np.uint64)
    for first, rows in row_blocks(features):
        flat = rows.reshape(len(rows), -1)
        lowest = np.minimum(lowest, flat.min(axis=0))
        highest = np.maximum(highest, flat.max(axis=0))
        prints += fingerprints.of_columns(flat, first)
    return lowest, highest, prints


def _name(dataset: Dataset, column: int) -> str:
    shape = dataset.features.shape[1:]
    if len(dataset.columns) == dataset.features[0].size:
        return shown(dataset.columns[column])
    if len(shape) <= 1:
        return str(column)
    return str(tuple(int(index) for index in np.unravel_index(column, shape)))
