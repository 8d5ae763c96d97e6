"""Makes what is drawn at random in an epoch the same whichever epochs this process trained before."""

from typing import Any

import keras

from nnt_simulation import backends


class SeedEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        backends.chosen().begin_epoch(self._seed, epoch)
