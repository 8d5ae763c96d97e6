"""Ends the training after the epoch in which somebody asked for it."""

from threading import Event

import keras


class StopOnRequest(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Has to come after WriteCheckpoint, so that nothing of the last epoch is lost."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # Only here: told within an epoch, Keras would end it half-way and call it complete.
        if self._stop.is_set():
            self.model.stop_training = True
