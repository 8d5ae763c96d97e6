"""Gives each epoch the data in its own order."""

from typing import Any

import keras

from nnt_simulation.batches import Batches


class OrderData(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # PyDataset's own hooks do not know the epoch, and are called more often than there are epochs.
        self._batches.begin_epoch(epoch)
