"""The data in batches, in the order that belongs to the epoch."""

import math
from typing import Any

import keras
import numpy as np

from nnt_simulation.rows import Rows


def order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """The order of the rows in that epoch, whatever was trained before in this process."""
    return np.random.default_rng([seed, epoch]).permutation(rows)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of rows, as they stand, or of each epoch in its own order.

    With a seed, `begin_epoch` has to be called before each epoch (see callbacks/order_data.py).
    """

    def __init__(self, rows: Rows, batch_size: int, seed: int | None = None) -> None:
        super().__init__()
        self._rows = rows
        self._batch_size = batch_size
        self._seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        rows = len(self._rows)
        self._order = np.arange(rows) if self._seed is None else order(self._seed, epoch, rows)

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        positions = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        features, labels = self._rows.take(positions)
        return features, labels
