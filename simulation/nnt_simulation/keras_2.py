"""Models as Keras 2 wrote them, in the words of Keras 3: plain JSON in, plain JSON out.

Keras 3 reads most of them, but not what it renamed, left out, or counts in another way. What it cannot do at all stays
as it is: Keras says so.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from nnt_contract.keras_model import CALLS, lists_its_layers
from nnt_contract.printable import shown
from nnt_simulation import keras_2_calls

Json = dict[str, Any]

_ENGINE = ".engine."  # where models were; Keras 3 has none
_FUNCTIONAL = ("Functional", "Model")
_MODELS = ("Sequential", *_FUNCTIONAL)
# Under these keys stand layers, whose modules Keras 2 often left out.
_OF_LAYERS = ("layers", "layer", "backward_layer", "cell", "cells")
_RECURRENT = (
    "Bidirectional",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "GRU",
    "LSTM",
    "RNN",
    "SimpleRNN",
)

# Layers that models of keras.applications have for themselves, each with the module there.
LAYERS_OF_APPLICATIONS: Mapping[str, str] = {
    "CustomScaleLayer": "inception_resnet_v2",
    "LayerScale": "convnext",
    "StochasticDepth": "convnext",
}
_NAMES = 10  # are told

_NO_MATTER = object()
# Arguments of layers that Keras 3 does not have, by the beginning of the layer's name, each with the value for which
# that makes no difference. Another value stays, and is refused.
_GONE: Mapping[str, Mapping[str, Any]] = {
    "": {"batch_input_shape": _NO_MATTER, "input_length": _NO_MATTER, "time_major": False},
    "AdditiveAttention": {"causal": False},
    "Attention": {"causal": False},
    "Conv1DTranspose": {"groups": 1},
    "Conv2DTranspose": {"groups": 1},
    "Conv3DTranspose": {"groups": 1},
    "DepthwiseConv": {"groups": 1},
    "Discretization": {"trainable": _NO_MATTER},
    "LeakyReLU": {"alpha": _NO_MATTER},
    "MultiHeadAttention": {
        "query_shape": _NO_MATTER,
        "key_shape": _NO_MATTER,
        "value_shape": _NO_MATTER,
        "softmax_robust_masking": False,
    },
    "Random": {"rng_type": _NO_MATTER},
    "SeparableConv": {
        "groups": 1,
        "kernel_initializer": _NO_MATTER,  # it has two kernels, with initializers of their own
        "kernel_regularizer": _NO_MATTER,
        "kernel_constraint": _NO_MATTER,
    },
    "SpatialDropout": {"noise_shape": None, "trainable": _NO_MATTER},
}
_RENAMED = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
}


def is_of_keras_2(model: Json) -> bool:
    """Keras 3 names the module of every model that it writes; so do files of Keras 2, whose parts then tell."""
    return "module" not in model or _is_said_anew(model)


def _is_said_anew(part: Any, key: str = "") -> bool:
    """Whether the part, which stands under that key, holds something that Keras 3 says in another way."""
    if isinstance(part, list):
        return any(_is_said_anew(item, key) for item in part)
    if not isinstance(part, dict):
        return False
    is_model = part.get("class_name") in _MODELS
    return (
        _ENGINE in str(part.get("module"))
        or lists_its_layers(part)
        or (not is_model and part | _own_members(part, key) != part)
        or any(_is_said_anew(value, name) for name, value in part.items())
    )


def remarks(model: Json) -> tuple[str, ...]:
    """What is read, and is not what it was in Keras 2, in sentences for the model's owner."""
    if not is_of_keras_2(model):
        return ()
    names = list(dict.fromkeys(_layers_with("hard_sigmoid", model)))
    if not names:
        return ()
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return (
        "hard_sigmoid is another function in Keras 3: its slope is 1/6, and was 1/5 in Keras 2."
        f" It is used by {', '.join(names[:_NAMES])}{more}.",
    )


def _layers_with(activation: str, part: Any, name: str = "the model") -> Iterator[str]:
    """The names of those that have it; a cell or a wrapped layer is one of its own."""
    if isinstance(part, list):
        for item in part:
            yield from _layers_with(activation, item, name)
    elif isinstance(part, dict):
        told = part.get("name")
        name = shown(_sound(told)) if isinstance(told, str) else name
        if activation in (part.get("activation"), part.get("recurrent_activation")):
            yield name
        for value in part.values():
            yield from _layers_with(activation, value, name)


def as_keras_3(part: Any, key: str = "") -> Any:
    """The same model, or part of one, which stands under that key."""
    if isinstance(part, list):
        return [as_keras_3(item, key) for item in part]
    if not isinstance(part, dict):
        return part
    members = part | _own_members(part, key)
    # Shapes to build it with are not written as Keras 3 reads them, and it needs none.
    return {
        name: as_keras_3(value, name) for name, value in members.items() if name != "build_config"
    }


def _own_members(whole: Json, key: str) -> Json:
    """What is said in another way of the object itself; that of its parts comes later."""
    kind, config = whole.get("class_name"), whole.get("config")
    if lists_its_layers(whole):
        # Its name stands where another model uses it, or nowhere: then Keras makes one.
        config = {"name": whole.get("name"), "layers": config}
    if not isinstance(config, dict):
        return {}
    if kind == "Sequential":
        return _model("Sequential") | {"config": _soundly_named(_sequential(config))}
    if kind in _FUNCTIONAL:
        return _model("Model") | {"config": _soundly_named(_functional(config))}
    if kind == "Policy":
        return {"module": "keras", "class_name": "DTypePolicy"}
    if key in _OF_LAYERS and isinstance(kind, str):
        return _place(kind, whole) | {"config": _layer(kind, config)}
    return {}


def _place(kind: str, layer: Json) -> Json:
    if kind in LAYERS_OF_APPLICATIONS:
        module = f"keras.src.applications.{LAYERS_OF_APPLICATIONS[kind]}"
        return {"module": module, "registered_name": kind}
    return {"module": layer.get("module", "keras.layers")}


def _model(name: str) -> Json:
    return {"module": "keras", "class_name": name, "registered_name": name}


def _layer(kind: str, config: Json) -> Json:
    """The arguments of a layer of that kind."""
    gone: dict[str, Any] = {}
    for beginning, arguments in _GONE.items():
        if kind.startswith(beginning):
            gone |= arguments
    kept = {
        name: value
        for name, value in config.items()
        if name not in gone or gone[name] not in (_NO_MATTER, value)
    }
    for old, new in _RENAMED.get(kind, {}).items():
        if old in config:
            kept[new] = config[old]
    axes = config.get("axis")
    if kind == "BatchNormalization" and isinstance(axes, list) and len(axes) == 1:
        [kept["axis"]] = axes
    return _soundly_named(kept)


def _soundly_named(config: Json) -> Json:
    name = config.get("name")
    return config | {"name": _sound(name)} if isinstance(name, str) else config


def _sound(name: str) -> str:
    """The name of a layer: Keras 3 takes none with a slash."""
    return name.replace("/", "_")


def _sequential(config: Json) -> Json:
    """With its input as a layer, where the first layer has the shape of it."""
    match config.get("layers"):
        case [{"class_name": str(kind), "config": {"batch_input_shape": shape, **first}}, *_]:
            if kind == "InputLayer":
                return config
            name = f"{first.get('name', 'first')}_input"
            layer = {"class_name": "InputLayer", "config": {"name": name, "batch_shape": shape}}
            return config | {"layers": [layer, *config["layers"]]}
    return config


def _functional(config: Json) -> Json:
    """With its graph as Keras 3 describes one."""
    inputs, outputs = (_listed(config[ends]) for ends in ("input_layers", "output_layers"))
    graph = _Graph(config["layers"], [*inputs, *outputs])
    return config | {
        "layers": [graph.layer(layer) for layer in config["layers"]],
        "input_layers": graph.ends(inputs),
        "output_layers": graph.ends(outputs),
    }


def _listed(ends: Any) -> list[Any]:
    return list(ends.values()) if isinstance(ends, dict) else ends


class _Graph:
    """Which layers are called with what, by references: a layer, which of its calls, which of that call's outputs.

    Keras 2 counts the calls of a model within a model from 1 on: 0 is how it was made. Raises ValueError for a
    reference to a layer that is not there.
    """

    def __init__(self, layers: Sequence[Json], ends: Sequence[Sequence[Any]]) -> None:
        self._kinds = {layer["name"]: layer["class_name"] for layer in layers}
        last = dict.fromkeys(self._kinds, 0)
        for name, call, _ in [*_references(layers, self._kinds), *ends]:
            if name not in self._kinds:
                raise ValueError(f"it uses the output of a layer {name!r}, which it does not have.")
            last[name] = max(last[name], call)
        self._first = {
            layer["name"]: max(0, last[layer["name"]] - max(len(layer["inbound_nodes"]) - 1, 0))
            for layer in layers
        }

    def layer(self, layer: Json) -> Json:
        if layer["class_name"] in CALLS:
            return self._operation(layer)
        calls = [self._call(layer["class_name"], inputs) for inputs in layer["inbound_nodes"]]
        return layer | {"name": _sound(layer["name"]), "inbound_nodes": calls}

    def _operation(self, layer: Json) -> Json:
        made = keras_2_calls.operation(layer)
        call = {"args": self._argument(keras_2_calls.operands(layer)), "kwargs": {}}
        return made | {"name": _sound(layer["name"]), "inbound_nodes": [call]}

    def ends(self, references: Sequence[Sequence[Any]]) -> list[Any]:
        ends = [
            # Keras 3 counts those of functional models from 1 on, but only here.
            [_sound(name), self._number(name, call) + (self._kinds[name] in _FUNCTIONAL), output]
            for name, call, output in references
        ]
        return ends[0] if len(ends) == 1 else ends

    def _call(self, kind: str, inputs: Sequence[Sequence[Any]]) -> Json:
        tensors = [self._tensor(*reference) for reference, _ in map(_split, inputs)]
        arguments = {
            name: self._argument(value)
            for _, given in map(_split, inputs)
            for name, value in given.items()
            if value is not None
        }
        if kind in _RECURRENT and len(tensors) > 1:
            tensors, arguments["initial_state"] = tensors[:1], tensors[1:]
        return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": arguments}

    def _argument(self, value: Any) -> Any:
        if _is_reference(value, self._kinds):
            return self._tensor(*value)
        return [self._argument(item) for item in value] if isinstance(value, list) else value

    def _tensor(self, name: str, call: int, output: int) -> Json:
        history = [_sound(name), self._number(name, call), output]
        # Shape and type are those of the output that it refers to, whatever stands here.
        config = {"shape": [], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    def _number(self, name: str, call: int) -> int:
        return call - self._first[name]


def _references(layers: Sequence[Json], names: Container[str]) -> Iterator[Sequence[Any]]:
    for layer in layers:
        if layer["class_name"] in CALLS:
            yield from _references_in(keras_2_calls.operands(layer), names)
            continue
        for inputs in layer["inbound_nodes"]:
            for reference, arguments in map(_split, inputs):
                yield reference
                for value in arguments.values():
                    yield from _references_in(value, names)


def _references_in(value: Any, names: Container[str]) -> Iterator[Sequence[Any]]:
    if _is_reference(value, names):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _references_in(item, names)


def _split(given: Sequence[Any]) -> tuple[Sequence[Any], Json]:
    """An input as Keras 2 writes it: a reference, and then maybe the other arguments of the call."""
    return given[:3], given[3] if len(given) > 3 else {}


def _is_reference(value: object, names: Container[str]) -> bool:
    match value:
        case [str(name), _, _]:
            return name in names
    return False
