"""A Keras model from the JSON its owner has, and the same ready to be trained."""

import difflib
import re
import warnings
from typing import Any

import keras

from nnt_contract.simulation_config import Configuration
from nnt_simulation import choices
from nnt_simulation.errors import ModelError, essence, is_out_of_memory

_KINDS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}
_UNKNOWN_NAME = re.compile(
    r"(?:Could not locate \w+|Unknown \w+:|Could not deserialize) '[\w.]*?(\w+)'"
)
_PART = re.compile(
    r"<class '[\w.]*?(\w+)'> could not be deserialized.*?'name': '([^']+)'", re.DOTALL
)


def build(model_json: dict[str, Any], row_shape: tuple[int, ...]) -> keras.Model:
    """The model with its initial weights; `row_shape` is for models that leave their input open. Raises ModelError."""
    if model_json.get("class_name") not in _KINDS:
        raise ModelError(
            "The model is not a Keras model: expected the class_name Sequential or Functional,"
            f" received {model_json.get('class_name')!r}."
        )
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
    loss = choices.loss(configuration.loss_function)
    optimizer = choices.optimizer(configuration.optimizer, configuration.learning_rate)
    metrics = ["accuracy"] if choices.is_for_classes(loss) else []
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    try:
        model.optimizer.build(model.trainable_variables)
    except Exception as error:  # some arguments are first looked at here
        name, conf = configuration.optimizer.name, dict(configuration.optimizer.conf)
        raise ModelError(
            f"The optimizer {name} cannot be made with {conf}: {essence(error)}"
        ) from error
    return loss


def _as_keras_3(part: Any) -> Any:
    """The same JSON with the modules of models named, which Keras 2 left out and Keras 3 insists on."""
    if isinstance(part, list):
        return [_as_keras_3(item) for item in part]
    if not isinstance(part, dict):
        return part
    # How its author compiled it does not matter here, and may name losses that only exist there.
    whole = {key: _as_keras_3(value) for key, value in part.items() if key != "compile_config"}
    kind = whole.get("class_name")
    if isinstance(kind, str) and kind in _KINDS and "config" in whole and not whole.get("module"):
        whole |= {"module": "keras", "class_name": _KINDS[kind], "registered_name": _KINDS[kind]}
    return whole


def _cannot_be_built(error: Exception) -> str:
    text = essence(error)
    if unknown := _UNKNOWN_NAME.search(text):
        near = ", ".join(difflib.get_close_matches(unknown[1], dir(keras.layers)))
        text = f"Keras {keras.__version__} does not know '{unknown[1]}'."
        text += f" Near to it: {near}." if near else ""
    parts = _PART.findall(str(error))
    where = f" in {parts[-1][0]} '{parts[-1][1]}'" if parts else ""
    return f"The model cannot be built{where}: {text}"
