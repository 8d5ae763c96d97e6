"""Rows of datasets, taken where they stand."""

from collections.abc import Sequence

import numpy as np

from nnt_simulation.datasets import Dataset


class Rows:
    """Some rows of datasets that stand one after the other; no data is copied but what is taken."""

    def __init__(self, datasets: Sequence[Dataset], numbers: np.ndarray) -> None:
        """`numbers` count from 0, through all the datasets."""
        self._features = [dataset.features for dataset in datasets]
        self._labels = [dataset.labels for dataset in datasets]
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, positions: np.ndarray) -> Dataset:
        """Those at these positions among the rows."""
        numbers = self._numbers[positions]
        return Dataset(_taken(self._features, numbers), _taken(self._labels, numbers))


def all_of(dataset: Dataset) -> Rows:
    return Rows([dataset], np.arange(len(dataset.features)))


def _taken(arrays: Sequence[np.ndarray], numbers: np.ndarray) -> np.ndarray:
    if len(arrays) == 1:
        return computable(arrays[0][numbers])
    taken = np.empty((len(numbers), *arrays[0].shape[1:]), np.result_type(*arrays))
    first = 0
    for array in arrays:
        inside = (first <= numbers) & (numbers < first + len(array))
        taken[inside] = array[numbers[inside] - first]
        first += len(array)
    return computable(taken)


def computable(values: np.ndarray) -> np.ndarray:
    """The same values in a type that every backend computes with; not a copy if they are."""
    native = values.dtype.newbyteorder("=")
    return values.astype(np.float64 if native == np.uint64 else native, copy=False)
