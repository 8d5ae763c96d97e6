"""Whether embeddings have what they are to look up: else a backend fails in words of its own, or looks up another."""

from collections.abc import Iterator

import keras
import numpy as np

from nnt_datasets.disk import row_blocks
from nnt_simulation.errors import DatasetError

# Layers that change no value.
_PASS_ON = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Reshape)


def check(model: keras.Model, name: str, features: np.ndarray) -> None:
    """Of embeddings that look up the input as it is; `name` says whose features they are. Raises DatasetError."""
    embedding = min(_fed_by_the_input(model), key=lambda one: one.input_dim, default=None)
    if embedding is None:
        return
    for first, rows in row_blocks(features):
        unknown = ~((rows >= 0) & (rows < embedding.input_dim) & (rows == np.floor(rows)))
        if unknown.any():
            row, *_ = place = tuple(np.argwhere(unknown)[0])
            raise DatasetError(
                f"{name}: row {first + row + 1}: the model's Embedding '{embedding.name}' takes whole numbers"
                f" from 0 to {embedding.input_dim - 1}, received {_text(float(rows[place]))}."
            )


def _fed_by_the_input(model: keras.Model) -> Iterator[keras.layers.Embedding]:
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if graph is None:  # of a nested one whose shapes Keras cannot tell
        return
    passed_on = {id(tensor) for tensor in graph.inputs}
    for depth in sorted(graph._nodes_by_depth, reverse=True):  # the input first
        for node in graph._nodes_by_depth[depth]:
            if not all(id(tensor) in passed_on for tensor in node.input_tensors):
                continue
            layer = node.operation
            if isinstance(layer, keras.layers.Embedding):
                yield layer
            elif isinstance(layer, keras.Model):
                yield from _fed_by_the_input(layer)
            elif isinstance(layer, _PASS_ON):
                passed_on.update(map(id, node.outputs))


def _text(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:g}"
