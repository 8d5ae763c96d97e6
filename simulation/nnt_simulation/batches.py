"""The training data in the order that belongs to the epoch."""

import math
from typing import Any

import keras
import numpy as np

from nnt_simulation.datasets import Dataset


def order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order of the rows in that epoch, whatever was trained before in this process."""
    return np.random.default_rng([seed, epoch]).permutation(rows)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of a dataset; `begin_epoch` has to be called before each epoch (see callbacks/order_data.py)."""

    def __init__(self, dataset: Dataset, batch_size: int, seed: int) -> None:
        super().__init__()
        self._features, self._labels = dataset
        self._batch_size = batch_size
        self._seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        self._order = order(self._seed, epoch, len(self._features))

    def __len__(self) -> int:
        return math.ceil(len(self._features) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._features[rows], self._labels[rows]
