"""Makes every epoch one after which another process can go on."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

import keras

from nnt_simulation.checkpoint import Checkpoint, Checkpoints, Header
from nnt_simulation.errors import CheckpointError
from nnt_simulation.training_state import TrainingState
from nnt_simulation.writer import Writer


class Stateful(Protocol):
    """A callback that has to know what happened before an interruption."""

    def get_state(self) -> Mapping[str, Any]: ...

    def set_state(self, state: Mapping[str, Any]) -> None: ...


class WriteCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Has to come after ReportEpochs: an epoch that is not in the outbox must be trained again."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        threads: int,
        state: TrainingState,
        stateful: Mapping[str, Stateful],
        writer: Writer,
    ) -> None:
        super().__init__()
        self._checkpoints = checkpoints
        self._threads = threads
        self._state = state
        self._stateful = stateful
        self._writer = writer

    def resume(self, saved: Checkpoint | None) -> int:
        """Puts everything back as it was; returns the first epoch that is still to be trained."""
        if saved is None:
            return 0
        backend = keras.backend.backend()
        if saved.header.backend != backend:
            raise CheckpointError(
                f"The checkpoint in the run folder is of the backend {saved.header.backend}, not of {backend}."
            )
        self._state.restore(saved.variables)
        # Of callbacks that are newer than the checkpoint there is nothing in it.
        for name, state in saved.header.callbacks.items():
            self._stateful[name].set_state(state)
        return saved.header.epoch + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        states = {name: callback.get_state() for name, callback in self._stateful.items()}
        header = Header(epoch, self._threads, states, keras.backend.backend())
        write = partial(self._checkpoints.write, header, self._state.layout)
        self._writer.add(write, self._state.values(), self._state.bytes)
        self._writer.start()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._writer.catch_up()
