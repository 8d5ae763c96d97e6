"""What a model is made of, told without making its weights."""

import os
from collections.abc import Iterable, Iterator
from typing import Any, cast

import keras
from keras.src.models import Functional
from keras.src.utils.summary_utils import count_params, weight_memory_size

from nnt_contract.model_report import LayerReport, ModelReport, Shape
from nnt_simulation import keras_2, models
from nnt_simulation.errors import ModelError

# What Keras says of the few layers that make variables of values at once, as recurrent ones that are stateful.
_NEEDS_VALUES = "while in a stateless scope"
_GIB = 2**30


def report(model_json: dict[str, Any]) -> ModelReport:
    """Of the model as a training builds it; raises ModelError."""
    try:
        return _report(model_json)
    finally:
        keras.utils.clear_session()  # else Keras makes the weights with those of the next model


def _report(model_json: dict[str, Any]) -> ModelReport:
    model = _built(model_json)
    layers = tuple(_layers(_parts(model), depth=0))
    about: dict[str, Any] = {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "layers": layers,
        "remarks": keras_2.remarks(model_json),
    }
    if not model.built:
        return ModelReport(**about)
    size = int(weight_memory_size(model.weights))
    return ModelReport(
        **about,
        input=_shape(model.input_shape),
        output=_shape(model.output_shape),
        parameters=count_params(model.weights),
        trainable=count_params(model.trainable_weights),
        bytes=size,
        problem=_too_large(size),
    )


def _built(model_json: dict[str, Any]) -> keras.Model:
    try:
        with keras.StatelessScope(initialize_variables=False):
            return models.build(model_json)
    except ModelError as error:
        if _NEEDS_VALUES not in str(error.__cause__):
            raise
    return models.build(model_json)


def _layers(layers: Iterable[keras.Operation], depth: int) -> Iterator[LayerReport]:
    for layer in layers:
        weights, trainable = _weights(layer)
        yield LayerReport(
            name=layer.name,
            type=type(layer).__name__,
            depth=depth,
            outputs=_outputs(layer),
            parameters=weights,
            trainable=trainable,
        )
        yield from _layers(_inside(layer), depth + 1)


def _parts(model: keras.Model) -> list[keras.Operation]:
    """Its layers, and the operations on tensors between them."""
    return list(model.operations if isinstance(model, Functional) else model.layers)


def _weights(layer: keras.Operation) -> tuple[int | None, int | None]:
    """How many there are, and how many of them are trained; null where it is not built yet."""
    if not isinstance(layer, keras.Layer):
        return 0, 0
    if not layer.built:
        return None, None
    return count_params(layer.weights), count_params(layer.trainable_weights)


def _inside(layer: keras.Operation) -> list[keras.Operation]:
    """What its owner put into a model or a wrapper."""
    if isinstance(layer, keras.Model):
        return _parts(layer)
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    if isinstance(layer, keras.layers.Wrapper):
        return [layer.layer]
    if isinstance(layer, keras.layers.StackedRNNCells):
        return list(layer.cells)
    return [layer.cell] if type(layer) is keras.layers.RNN else []


def _outputs(layer: keras.Operation) -> tuple[Shape, ...] | None:
    """Of a layer that is used several times: those of each use that differs from the others."""
    uses = [
        tuple(_shape(tensor.shape) for tensor in node.output_tensors)
        for node in layer._inbound_nodes
    ]
    return tuple(shape for use in dict.fromkeys(uses) for shape in use) or None


def _shape(shape: Iterable[int | None]) -> Shape:
    return cast(Shape, tuple(shape))


def _too_large(size: int) -> str:
    """What is larger than all memory would be killed, or bring the machine to a standstill, before its first batch."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size <= memory:
        return ""
    return (
        f"The model's parameters take {size / _GIB:,.1f} GiB of memory,"
        f" and the machine has {memory / _GIB:,.1f} GiB."
    )
