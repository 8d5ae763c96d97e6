"""The networks whose weights are sent: their shapes, their Keras JSON, and weights that change as in a training."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nnt_contract.updates import Array

Weights = list[npt.NDArray[np.float32]]


class Network(NamedTuple):
    """Dense layers, one after the other."""

    units: tuple[int, ...]  # the inputs first

    @property
    def arrays(self) -> tuple[Array, ...]:
        return tuple(
            Array(layer_index=index, layer_name=f"dense_{index}", variable=variable, shape=shape)
            for index, (inputs, outputs) in enumerate(pairwise(self.units))
            for variable, shape in (("kernel", (inputs, outputs)), ("bias", (outputs,)))
        )

    @property
    def parameters(self) -> int:
        return sum(array.values for array in self.arrays)

    @property
    def bytes(self) -> int:
        """What a collection of it weighs."""
        return 4 * self.parameters

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.units))} ({self.parameters:,} parameters)"

    def keras_json(self) -> dict[str, Any]:
        layers = [
            {"class_name": "InputLayer", "config": {"batch_shape": [None, self.units[0]]}},
            *(
                {"class_name": "Dense", "config": {"name": f"dense_{index}", "units": outputs}}
                for index, outputs in enumerate(self.units[1:])
            ),
        ]
        return {"class_name": "Sequential", "config": {"name": "bench", "layers": layers}}


APPENDIX_D = Network((784, 128, 10))
MILLION = Network((784, 1024, 200, 10))


def training(network: Network) -> Iterator[Weights]:
    """The weights after each epoch: drawn as Glorot did, then every one of them moved a little."""
    random = np.random.default_rng(7)
    weights = [
        random.uniform(-1, 1, array.shape).astype("<f4") * np.float32(np.sqrt(6 / sum(array.shape)))
        for array in network.arrays
    ]
    while True:
        yield weights
        weights = [
            values + random.normal(0, 1e-3, values.shape).astype("<f4") for values in weights
        ]
