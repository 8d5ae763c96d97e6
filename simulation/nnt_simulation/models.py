"""A Keras model from the JSON its owner has, and the same ready to be trained."""

import re
import warnings
from typing import Any

import keras

from nnt_contract import keras_choice, keras_model
from nnt_contract.simulation_config import Configuration
from nnt_simulation import choices, metrics
from nnt_simulation.errors import ModelError, essence, is_out_of_memory

_KINDS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}
# Keras 3 finds those of Keras 2, which named no modules, in models, but not in other layers.
_WITHIN_LAYERS = ("layer", "backward_layer", "cell", "cells")
_PART = re.compile(
    r"<class '[\w.]*?(\w+)'> could not be deserialized.*?'name': '([^']+)'", re.DOTALL
)


def build(model_json: dict[str, Any], row_shape: tuple[int, ...]) -> keras.Model:
    """The model with its initial weights; `row_shape` is for models that leave their input open. Raises ModelError."""
    if refused := keras_model.problems(model_json):
        raise ModelError(f"The model is not accepted: {' '.join(keras_model.sentences(refused))}")
    try:
        with warnings.catch_warnings():
            # Keras 2 wrote input_shape into layers; whoever uploads a model cannot do anything about it.
            warnings.filterwarnings("ignore", message="Do not pass an `input_shape`")
            model = keras.saving.deserialize_keras_object(_as_keras_3(model_json), safe_mode=True)
            if not model.built:
                model.build((None, *row_shape))
    except Exception as error:  # Keras raises about everything
        if is_out_of_memory(error):
            raise
        raise ModelError(_cannot_be_built(error)) from error
    for what, tensors in (("inputs", model.inputs), ("outputs", model.outputs)):
        if len(tensors) != 1:
            raise ModelError(f"The model has {len(tensors)} {what}, expected one.")
    if not model.trainable_variables:
        raise ModelError("The model has no weights that can be trained.")
    return model


def compile_for(model: keras.Model, configuration: Configuration) -> keras.losses.Loss:
    """Gives the model its optimizer, with all its variables, and its loss, which is returned; raises ModelError."""
    if refused := keras_choice.problems(configuration):
        told = " ".join(keras_model.sentences(refused))
        raise ModelError(f"The configuration is not accepted: {told}")
    loss = choices.loss(configuration.loss_function)
    optimizer = choices.optimizer(configuration.optimizer, configuration.learning_rate)
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics.metrics_for(configuration))
    try:
        model.optimizer.build(model.trainable_variables)
    except Exception as error:  # some arguments are first looked at here
        name, conf = configuration.optimizer.name, dict(configuration.optimizer.conf)
        raise ModelError(
            f"The optimizer {name} cannot be made with {conf}: {essence(error)}"
        ) from error
    return loss


def _as_keras_3(part: Any, key: str = "") -> Any:
    """The same JSON with what Keras 2 left out and Keras 3 insists on: the modules of models and of wrapped layers."""
    if isinstance(part, list):
        return [_as_keras_3(item, key) for item in part]
    if not isinstance(part, dict):
        return part
    # How its author compiled it does not matter here, and may name what does not suit this training.
    whole = {name: _as_keras_3(value, name) for name, value in part.items()}
    whole.pop("compile_config", None)
    if (
        whole.get("time_major") is False
    ):  # of recurrent layers: Keras 3 knows no other way, and not the word
        del whole["time_major"]
    kind = whole.get("class_name")
    if kind in _KINDS and not str(whole.get("module") or "").startswith("keras.src.models"):
        whole |= {"module": "keras", "class_name": _KINDS[kind], "registered_name": _KINDS[kind]}
    elif kind == "Policy":
        whole |= {"module": "keras", "class_name": "DTypePolicy"}
    elif key in _WITHIN_LAYERS and kind:
        whole.setdefault("module", "keras.layers")
    return whole


def _cannot_be_built(error: Exception) -> str:
    parts = _PART.findall(str(error))
    where = f" in {parts[-1][0]} '{parts[-1][1]}'" if parts else ""
    return f"The model cannot be built{where}: {essence(error)}"
