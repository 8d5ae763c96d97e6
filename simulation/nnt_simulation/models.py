"""A Keras model from the JSON its owner has, and the same ready to be trained."""

import re
import sys
from typing import Any

import keras

from nnt_contract import keras_model
from nnt_contract.simulation_config import Configuration
from nnt_simulation import choices, keras_2, metrics
from nnt_simulation.errors import ModelError, essence, is_out_of_memory

_WITH_STATES = (keras.layers.GRU, keras.layers.LSTM)
# Keras follows a chain of layers by calling itself for each.
_RECURSION = 2 * keras_model.MAX_LAYERS
_PART = re.compile(
    r"<class '[\w.]*?(\w+)'> could not be deserialized.*?'name': '([^']+)'", re.DOTALL
)


def build(model_json: dict[str, Any], row_shape: tuple[int, ...] | None = None) -> keras.Model:
    """The model with its initial weights; raises ModelError.

    `row_shape` is for models that leave their input open: without it those stay unbuilt.
    """
    if refused := keras_model.problems(model_json):
        raise ModelError(f"The model is not accepted: {' '.join(keras_model.sentences(refused))}")
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    try:
        model = keras.saving.deserialize_keras_object(_readable(model_json), safe_mode=True)
        if not model.built and row_shape is not None:
            model.build((None, *row_shape))
    except Exception as error:  # Keras raises about everything
        if is_out_of_memory(error):
            raise
        raise ModelError(_cannot_be_built(error)) from error
    if model.built:
        _check(model)
    return model


def compile_for(
    model: keras.Model, configuration: Configuration, has_classes: bool
) -> keras.losses.Loss:
    """Gives the model its optimizer, with all its variables, and its loss, which is returned; raises ModelError.

    `has_classes` is what nnt_simulation.class_labels says of the labels: without them there is no accuracy.
    """
    loss = choices.loss(configuration.loss_function)
    optimizer = choices.optimizer(configuration.optimizer, configuration.learning_rate)
    collected = metrics.metrics_for(configuration, has_classes)
    model.compile(optimizer=optimizer, loss=loss, metrics=collected)
    try:
        model.optimizer.build(model.trainable_variables)
    except Exception as error:  # some arguments are first looked at here
        name, conf = configuration.optimizer.name, dict(configuration.optimizer.conf)
        raise ModelError(
            f"The optimizer {name} cannot be made with {conf}: {essence(error)}"
        ) from error
    return loss


def _check(model: keras.Model) -> None:
    for what, tensors in (("inputs", model.inputs), ("outputs", model.outputs)):
        if len(tensors) != 1:
            raise ModelError(f"The model has {len(tensors)} {what}, expected one.")
    if not model.trainable_variables:
        raise ModelError("The model has no weights that can be trained.")
    for layer in model._flatten_layers():
        if (
            isinstance(layer, _WITH_STATES)
            and layer.stateful
            and keras.backend.backend() == "torch"
        ):
            raise ModelError(
                f"Keras cannot train {type(layer).__name__} '{layer.name}' with torch, because it is stateful:"
                " choose the backend tensorflow."
            )


def _readable(model_json: dict[str, Any]) -> Any:
    """As Keras 3 reads it."""
    is_old = keras_2.is_of_keras_2(model_json)
    whole = _uncompiled(keras_2.as_keras_3(model_json) if is_old else model_json)
    for ends in {"input_layers", "output_layers"} & whole["config"].keys():
        whole["config"][ends] = _only(whole["config"][ends])
    return whole


def _only(ends: Any) -> Any:
    """An input or output that is the only one by itself, rather than in a list or under its name."""
    within = list(ends.values()) if isinstance(ends, dict) else ends
    return within[0] if len(within) == 1 else ends


def _uncompiled(part: Any) -> Any:
    """How its author compiled it does not matter here, and may name what does not suit this training."""
    if isinstance(part, list):
        return [_uncompiled(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {name: _uncompiled(value) for name, value in part.items() if name != "compile_config"}


def _cannot_be_built(error: Exception) -> str:
    parts = _PART.findall(str(error))
    where = f" in {parts[-1][0]} '{parts[-1][1]}'" if parts else ""
    return f"The model cannot be built{where}: {essence(error)}"
