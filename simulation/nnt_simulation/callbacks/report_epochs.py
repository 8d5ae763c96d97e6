"""Reports the weights before the first batch, and metrics and weights of every epoch that is to be collected."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras

from nnt_contract.simulation_config import SimulationRun, collected_epochs
from nnt_contract.updates import INITIAL_EPOCH, Collection, payload_bytes
from nnt_simulation.callbacks.record_epochs import RecordEpochs
from nnt_simulation.reporter import Reporter
from nnt_simulation.weights import Weight, weights_of
from nnt_simulation.writer import Writer


class ReportEpochs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """What it adds after an epoch is written together with the checkpoint, which WriteCheckpoint adds."""

    def __init__(
        self, run: SimulationRun, reporter: Reporter, writer: Writer, recorded: RecordEpochs
    ) -> None:
        super().__init__()
        conf = run.configuration
        self._run = run
        self._reporter = reporter
        self._writer = writer
        self._recorded = recorded
        self._collected = frozenset(collected_epochs(conf.total_epochs, conf.epoch_period))
        self._weights: list[Weight] = []
        self._steps_reported = 0
        self._resumed = False

    def get_state(self) -> Mapping[str, Any]:
        return {"steps_reported": self._steps_reported}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self._steps_reported = state["steps_reported"]
        self._resumed = True

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._weights = weights_of(self.model)
        # The optimizer's steps do not tell: one that accumulates gradients may have made none for epochs.
        if not self._resumed:
            self._add(INITIAL_EPOCH, {})
            self._writer.start()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._writer.catch_up()
        self._reporter.raise_refusal()
        if epoch in self._collected:
            self._add(epoch, logs or {})

    def _add(self, epoch: int, logs: Mapping[str, float]) -> None:
        optimizer = self.model.optimizer
        steps = int(optimizer.iterations)
        collection = Collection(
            sim_id=self._run.id,
            attempt=self._run.attempt,
            epoch=epoch,
            logs={name: float(value) for name, value in logs.items()},
            learning_rate=float(optimizer.learning_rate),
            optimizer_steps=steps - self._steps_reported,
            records=self._recorded.take(),
            arrays=tuple(weight.array for weight in self._weights),
        )
        self._writer.add(
            partial(self._reporter.collection, collection),
            (weight.payload() for weight in self._weights),
            payload_bytes(collection),
        )
        self._steps_reported = steps
