"""Everything that training changes in a model: its variables, its random generators and its optimizer."""

from collections.abc import Iterator, Mapping

import keras
import numpy as np

from nnt_simulation import backends
from nnt_simulation.checkpoint import Stored
from nnt_simulation.errors import CheckpointError


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
        if self._variables.keys() != saved.keys():
            raise CheckpointError(
                "The checkpoint in the run folder is of another model or optimizer."
            )
        for name, variable in self._variables.items():
            if tuple(variable.shape) != saved[name].shape:
                raise CheckpointError(
                    f"The checkpoint in the run folder is of another model: {variable.path} has the shape"
                    f" {tuple(variable.shape)}, in the checkpoint {saved[name].shape}."
                )
            variable.assign(saved[name])


def _named(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    # model.variables, unlike model.weights, has the states of random generators (Dropout's, say).
    for owner, variables in (
        ("model", model.variables),
        ("optimizer", model.optimizer.variables),
    ):
        for position, variable in enumerate(variables):
            yield f"{owner}_{position:05d}", variable
