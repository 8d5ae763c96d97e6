"""Records what each epoch took, until the next update takes it along."""

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import keras

from nnt_contract.records import Environment, EpochRecord, Record

# Of more epochs between two collections only the last are kept: checkpoints and updates stay small.
_MAX_EPOCHS = 1000


class RecordEpochs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Has to come before ReportEpochs, so that a collection brings the record of its own epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._environment: Environment | None = None
        self._epochs: deque[EpochRecord] = deque(maxlen=_MAX_EPOCHS)
        self._began = 0.0

    def get_state(self) -> Mapping[str, Any]:
        rows = [(one.epoch, one.duration_s, one.learning_rate) for one in self._epochs]
        return {"epochs": rows}

    def set_state(self, state: Mapping[str, Any]) -> None:
        for epoch, duration_s, learning_rate in state["epochs"]:
            self._epochs.append(
                EpochRecord(epoch=epoch, duration_s=duration_s, learning_rate=learning_rate)
            )

    def begin(self, environment: Environment) -> None:
        """What the epochs from now on are trained with."""
        self._environment = environment

    def take(self) -> tuple[Record, ...]:
        """What was recorded since the last time."""
        environment = () if self._environment is None else (self._environment,)
        taken = (*environment, *self._epochs)
        self._environment = None
        self._epochs.clear()
        return taken

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        record = EpochRecord(
            epoch=epoch,
            duration_s=time.monotonic() - self._began,
            learning_rate=float(self.model.optimizer.learning_rate),
        )
        self._epochs.append(record)
