"""Everything that training changes in a model: its variables, its random generators and its optimizer."""

import math
from collections.abc import Iterator, Mapping

import keras
import numpy as np

from nnt_simulation.arrays import as_array
from nnt_simulation.errors import CheckpointError

_BYTES_PER_VALUE = 4


def variables_of(model: keras.Model) -> Iterator[tuple[str, np.ndarray]]:
    """Each variable under a name of its own, made an array only when its turn comes."""
    for name, variable in _named(model):
        yield name, as_array(variable)


def bytes_of(model: keras.Model) -> int:
    """About how many bytes all of it takes."""
    return sum(math.prod(variable.shape) * _BYTES_PER_VALUE for _, variable in _named(model))


def restore(model: keras.Model, saved: Mapping[str, np.ndarray]) -> None:
    """Sets every variable of a model that was made and compiled in the same way."""
    variables = dict(_named(model))
    if variables.keys() != saved.keys():
        raise CheckpointError("The checkpoint in the run folder is of another model or optimizer.")
    for name, variable in variables.items():
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
