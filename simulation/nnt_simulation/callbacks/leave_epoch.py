"""Leaves an epoch in its middle when the training has to end at once."""

from typing import Any

import keras

from nnt_simulation.stop_requests import AtOnce


class StoppedAtOnce(Exception):
    """Of the epoch that was being trained nothing is kept."""


class LeaveEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Has to come first: Keras takes an epoch that it left for one that is complete, and would have it reported."""

    def __init__(self, at_once: AtOnce) -> None:
        super().__init__()
        self._at_once = at_once

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._at_once.when_set(self._leave)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.raise_if_told()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.raise_if_told()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self.raise_if_told()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.raise_if_told()

    def raise_if_told(self) -> None:
        if self._at_once.is_set():
            raise StoppedAtOnce

    def _leave(self) -> None:
        # Keras looks at these after each batch, at no cost; a hook there would be dearer than all others together.
        self.model.stop_training = True
        self.model.stop_evaluating = True
