"""Which weights a model has, and where they belong."""

from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from nnt_contract.updates import Array
from nnt_simulation import backends


class Weight(NamedTuple):
    array: Array
    variable: keras.Variable

    def payload(self) -> memoryview:
        """The values as they are now, as a frame holds them."""
        values = backends.chosen().array_of(self.variable)
        return np.ascontiguousarray(values, dtype="<f4").reshape(-1).data


def weights_of(model: keras.Model) -> list[Weight]:
    """Every weight of every layer, in the order of the layers."""
    return [
        Weight(
            Array(
                layer_index=index,
                layer_name=layer.name,
                variable=path,
                shape=tuple(variable.shape),
            ),
            variable,
        )
        for index, layer in enumerate(model.layers)
        for path, variable in _distinct(_below(layer))
    ]


def _below(layer: keras.Layer) -> Iterator[tuple[str, keras.Variable]]:
    """The weights of a layer with their paths below it."""
    if isinstance(layer, keras.Model):
        # The layers of a nested model were built before they came into it: their paths do not know it.
        for inner in layer.layers:
            for path, variable in _below(inner):
                yield f"{inner.name}/{path}", variable
        return
    for variable in layer.weights:
        above, _, below = f"/{variable.path}".partition(f"/{layer.name}/")
        yield below or above.removeprefix("/"), variable


def _distinct(
    found: Iterator[tuple[str, keras.Variable]],
) -> Iterator[tuple[str, keras.Variable]]:
    """The same with a number behind a path that was there before."""
    taken: set[str] = set()
    for path, variable in found:
        name, number = path, 0
        while name in taken:
            number += 1
            name = f"{path}_{number}"
        taken.add(name)
        yield name, variable
