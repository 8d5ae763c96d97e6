"""Everything that training changes in a model: its variables, random generators and recurrent states, its optimizer."""

import logging
from collections.abc import Iterator, Mapping

import keras
import numpy as np

from nnt_simulation import backends, recurrent_states
from nnt_simulation.checkpoint import Stored
from nnt_simulation.errors import CheckpointError

_log = logging.getLogger(__name__)

_STATE = "state"


class TrainingState:
    """Of a model that is built and compiled: what there is does not change any more, only its values."""

    def __init__(self, model: keras.Model) -> None:
        self._variables = dict(_named(model))
        self.layout = tuple(
            Stored(name, variable.dtype, tuple(variable.shape))
            for name, variable in self._variables.items()
        )
        self.bytes = sum(stored.bytes for stored in self.layout)

    def values(self) -> Iterator[np.ndarray]:
        """In the order of the layout, each read only when its turn comes."""
        return map(backends.chosen().array_of, self._variables.values())

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Sets every variable to what it was in a model that was made and compiled in the same way."""
        missing = self._variables.keys() - saved.keys()
        if saved.keys() - self._variables.keys() or not all(map(_is_state, missing)):
            raise CheckpointError(
                "The checkpoint in the run folder is of another model or optimizer."
            )
        if missing:
            _log.warning("the checkpoint is of before recurrent states were kept: they start anew")
        for name, values in saved.items():
            variable = self._variables[name]
            if tuple(variable.shape) != values.shape:
                raise CheckpointError(
                    f"The checkpoint in the run folder is of another model: {variable.path} has the shape"
                    f" {tuple(variable.shape)}, in the checkpoint {values.shape}."
                )
            variable.assign(values)


def _named(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    # model.variables, unlike model.weights, has the states of random generators (Dropout's, say).
    for owner, variables in (
        ("model", model.variables),
        ("optimizer", model.optimizer.variables),
        (_STATE, recurrent_states.of(model)),
    ):
        for position, variable in enumerate(variables):
            yield f"{owner}_{position:05d}", variable


def _is_state(name: str) -> bool:
    return name.startswith(f"{_STATE}_")
