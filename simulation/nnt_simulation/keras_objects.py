"""The objects of Keras that an uploaded model may name, listed for `nnt_contract.keras_model`, which has no Keras.

`python -m nnt_simulation.keras_objects` writes the list anew; it is due when another version of Keras is installed.
"""

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from types import ModuleType

import keras
from keras.src import (
    activations,
    constraints,
    initializers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from keras.src.api_export import get_name_from_symbol
from keras.src.backend.common.dtypes import ALLOWED_DTYPES
from keras.src.ops import core, image, linalg, math, nn, numpy
from keras.src.ops.operation import Operation

from nnt_contract import keras_model
from nnt_simulation import keras_2, keras_2_calls

Triple = tuple[str | None, str, str | None]  # module, class_name, registered_name

# Why a layer of Keras is none for an uploaded model.
_CODE = "it holds Python code, which is not run here"
_FILES = "it can read files"
_GRAPH = "it holds a piece of a graph of TensorFlow"
_REFUSED = {
    "FlaxLayer": _CODE,
    "IntegerLookup": _FILES,
    "JaxLayer": _CODE,
    "Lambda": _CODE,
    "StringLookup": _FILES,
    "TFSMLayer": "it loads a program from a folder",
    "TensorFlowOpLayer": _GRAPH,
    "TextVectorization": _FILES,
    "TorchModuleWrapper": _CODE,
}
# Operations that take no function. Functional models hold those that were applied to their tensors.
_CORE = {
    "Cast",
    "SaturateCast",
    "Scatter",
    "ScatterUpdate",
    "Slice",
    "SliceUpdate",
    "StopGradient",
    "Unstack",
}
_TAKES_A_FUNCTION = {"JVP"}
# Where models were in the last versions of Keras 2, which wrote modules already; it lives on as tf_keras.
_ENGINES_OF_KERAS_2 = (
    "keras.engine.functional",
    "keras.src.engine.functional",
    "tf_keras.src.engine.functional",
)
# Keras 2 and Keras 3 write where these are, and Keras 3 reads its own of that name.
_PLACE_OF_INITIALIZERS = "tensorflow.python.ops.init_ops_v2"
_INITIALIZERS_OF_TENSORFLOW = (
    *("Constant", "GlorotNormal", "GlorotUniform", "Identity", "Ones", "Orthogonal"),
    *("RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros"),
)
_PACKAGES = ("keras", "keras.src", "tf_keras.src")  # by which the versions knew themselves
_CHOSEN_BY_THE_LOSS = {"accuracy", "acc", "crossentropy", "ce"}
_MIXED = {"mixed_float16", "mixed_bfloat16"}


def as_text() -> str:
    """What the file holds."""
    content = {
        "keras": keras.__version__,
        "names": {kind: sorted(names) for kind, names in _names().items()},
        "objects": {kind: _sorted(triples) for kind, triples in _objects().items()},
        "refused": _REFUSED,
        "functions": sorted(keras_2_calls.FUNCTIONS),
    }
    text = json.dumps(content, indent=1)
    # An object a line: what another version of Keras changes can be read.
    return re.sub(r"\[\n\s+([^\[\]]*)\n\s+\]", _on_one_line, text) + "\n"


def _objects() -> dict[str, Iterable[Triple]]:
    return {
        "constraint": _all_in(keras.constraints, keras.constraints.Constraint),
        "dtype": _policies(),
        "initializer": [
            *_all_in(keras.initializers, keras.initializers.Initializer),
            *_initializers_of_tensorflow(),
        ],
        "layer": [
            *_all_in(keras.layers, keras.layers.Layer),
            *_layers_of_applications(),
            *_operations(),
            *_calls_of_tensorflow(),
        ],
        "loss": _all_in(keras.losses, keras.losses.Loss),
        "metric": _all_in(keras.metrics, keras.metrics.Metric),
        "model": _models(),
        "optimizer": [
            *_all_in(keras.optimizers, keras.optimizers.Optimizer),
            *_optimizers_of_torch(),
        ],
        "regularizer": _all_in(keras.regularizers, keras.regularizers.Regularizer),
        "schedule": _all_in(
            keras.optimizers.schedules, keras.optimizers.schedules.LearningRateSchedule
        ),
        "seed": _written(keras.random.SeedGenerator),
    }


def _names() -> dict[str, set[str]]:
    """The texts that stand for such an object."""
    places = {
        "activation": activations,
        "constraint": constraints,
        "initializer": initializers,
        "loss": losses,
        "metric": metrics,
        "optimizer": optimizers,
        "regularizer": regularizers,
    }
    names = {kind: set(place.ALL_OBJECTS_DICT) for kind, place in places.items()}
    names["metric"] |= names["loss"] | _CHOSEN_BY_THE_LOSS
    return names | {"dtype": {*ALLOWED_DTYPES, *_MIXED}}


def _all_in(module: ModuleType, base: type) -> Iterator[Triple]:
    """Under every name it has there: versions of Keras differ in which one they write."""
    for name, found in vars(module).items():
        if (
            inspect.isclass(found)
            and issubclass(found, base)
            and found is not base
            and name not in {*_REFUSED, "Wrapper"}
        ):
            yield module.__name__, name, None
            yield from _written(found)


def _optimizers_of_torch() -> Iterator[Triple]:
    """Keras has some anew for PyTorch, and writes where those are; found without PyTorch."""
    folder = "keras.src.backend.torch.optimizers"
    there = Path(keras.__file__).parent.parent.joinpath(*folder.split("."))
    for name in vars(keras.optimizers):
        module = f"torch_{name.lower()}"
        if name != "Optimizer" and (there / f"{module}.py").exists():
            yield f"{folder}.{module}", name, name


def _written(made: type) -> Iterator[Triple]:
    """As Keras 3 and Keras 2 write an object of that class."""
    module, _, name = get_name_from_symbol(made).rpartition(".")
    yield module, name, None
    yield None, made.__name__, None


def _models() -> Iterator[Triple]:
    yield from _written(keras.Sequential)
    yield from _written(keras.Model)
    yield "keras", "Sequential", "Sequential"
    yield "keras", "Model", "Model"
    yield None, "Functional", None
    for module in ("keras.src.models.functional", *_ENGINES_OF_KERAS_2):
        yield module, "Functional", "Functional"


def _policies() -> Iterator[Triple]:
    for policy in (keras.DTypePolicy, keras.FloatDTypePolicy, keras.dtype_policies.DTypePolicyMap):
        yield from _written(policy)
    yield None, "Policy", None  # of Keras 2, which wrote no modules first
    yield "keras.mixed_precision", "Policy", None


def _operations() -> Iterator[Triple]:
    for module in (core, image, linalg, math, nn, numpy):
        for name, found in vars(module).items():
            if (
                inspect.isclass(found)
                and issubclass(found, Operation)
                and found.__module__ == module.__name__
                and name not in _TAKES_A_FUNCTION
                and (module is not core or name in _CORE)
            ):
                yield module.__name__, name, name


def _initializers_of_tensorflow() -> Iterator[Triple]:
    for name in _INITIALIZERS_OF_TENSORFLOW:
        yield _PLACE_OF_INITIALIZERS, name, name


def _layers_of_applications() -> Iterator[Triple]:
    for name, model in keras_2.LAYERS_OF_APPLICATIONS.items():
        yield None, name, None
        for package in _PACKAGES:
            for registered in (name, f"Custom>{name}"):
                yield f"{package}.applications.{model}", name, registered


def _calls_of_tensorflow() -> Iterator[Triple]:
    for name in keras_model.CALLS:
        yield None, name, None
        for package in _PACKAGES:
            yield f"{package}.layers.core.tf_op_layer", name, name


def _sorted(triples: Iterable[Triple]) -> list[Triple]:
    return sorted(set(triples), key=lambda triple: [part or "" for part in triple])


def _on_one_line(found: re.Match[str]) -> str:
    return f"[{' '.join(found[1].split())}]"


def main() -> None:
    with resources.as_file(resources.files(keras_model.__package__ or "")) as package:
        (Path(package) / keras_model.OBJECTS_FILE).write_text(as_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
