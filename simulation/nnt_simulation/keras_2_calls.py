"""Calls of TensorFlow's functions in models of Keras 2, as operations of Keras 3: plain JSON in, plain JSON out.

`x + y` and `tf.reduce_mean(x, axis=1)` became layers there, a TFOpLambda each, and `x[:, -1]` a SlicingOpLambda, whose
arguments stand with the inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_CONSTANT = "_CONSTANT_VALUE"  # where the name of a layer would stand: what follows is a value
_NAME = "name"  # of the graph's node, which has no meaning in Keras 3


@dataclass(frozen=True)
class _Operation:
    """Of Keras 3, and what the function's arguments are there."""

    module: str  # in keras.src.ops
    name: str
    operands: tuple[str, ...] = ()  # arguments that follow the first, in order
    options: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)  # where they are not those of Keras
    takes_list: bool = False  # its first argument is a list, also of one


def _of_two(name: str) -> _Operation:
    return _Operation("numpy", name, ("y",))


def _reduction(name: str) -> _Operation:
    return _Operation("numpy", name, options={"axis": "axis", "keepdims": "keepdims"})


_AXIS = {"axis": "axis"}
_FUNCTIONS: Mapping[str, _Operation] = {
    "__operators__.add": _of_two("Add"),
    "__operators__.getitem": _Operation("numpy", "GetItem", ("slice_spec",)),
    "cast": _Operation("core", "Cast", options={"dtype": "dtype"}),
    "clip_by_value": _Operation(
        "numpy", "Clip", options={"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    "compat.v1.transpose": _Operation("numpy", "Transpose", options={"perm": "axes"}),
    "concat": _Operation("numpy", "Concatenate", options=_AXIS, takes_list=True),
    "expand_dims": _Operation("numpy", "ExpandDims", options=_AXIS),
    "linalg.matmul": _Operation("numpy", "Matmul", ("b",)),
    "math.abs": _Operation("numpy", "Absolute"),
    "math.add": _of_two("Add"),
    "math.divide": _of_two("TrueDivide"),
    "math.exp": _Operation("numpy", "Exp"),
    "math.l2_normalize": _Operation(
        # Of the norm, not of its square.
        "nn",
        "Normalize",
        options=_AXIS,
        defaults={"order": 2, "epsilon": 1e-6},
    ),
    "math.log": _Operation("numpy", "Log"),
    "math.maximum": _of_two("Maximum"),
    "math.minimum": _of_two("Minimum"),
    "math.multiply": _of_two("Multiply"),
    "math.negative": _Operation("numpy", "Negative"),
    "math.pow": _of_two("Power"),
    "math.reduce_max": _reduction("Max"),
    "math.reduce_mean": _reduction("Mean"),
    "math.reduce_min": _reduction("Min"),
    "math.reduce_sum": _reduction("Sum"),
    "math.rsqrt": _Operation("math", "Rsqrt"),
    "math.sigmoid": _Operation("nn", "Sigmoid"),
    "math.softplus": _Operation("nn", "Softplus"),
    "math.sqrt": _Operation("numpy", "Sqrt"),
    "math.square": _Operation("numpy", "Square"),
    "math.subtract": _of_two("Subtract"),
    "math.tanh": _Operation("numpy", "Tanh"),
    "math.truediv": _of_two("TrueDivide"),
    "nn.elu": _Operation("nn", "Elu"),
    "nn.gelu": _Operation(
        "nn", "Gelu", options={"approximate": "approximate"}, defaults={"approximate": False}
    ),
    "nn.leaky_relu": _Operation("nn", "LeakyRelu", options={"alpha": "negative_slope"}),
    "nn.relu": _Operation("nn", "Relu"),
    "nn.relu6": _Operation("nn", "Relu6"),
    "nn.silu": _Operation("nn", "Silu"),
    "nn.softmax": _Operation("nn", "Softmax", options=_AXIS),
    "reshape": _Operation("numpy", "Reshape", options={"shape": "newshape"}),
    "stack": _Operation("numpy", "Stack", options=_AXIS, takes_list=True),
}
FUNCTIONS = tuple(_FUNCTIONS)


def operation(layer: Json) -> Json:
    """The layer as an operation of that name, without its inputs; raises ValueError for what Keras 3 does not have."""
    function, made = _called(layer)
    config: Json = {"name": layer["name"], **made.defaults}
    for argument, value in _arguments(layer).items():
        if argument in made.options and value is not None:
            config[made.options[argument]] = value
        elif argument not in {*made.operands, *made.options, _NAME} and value not in (None, False):
            raise ValueError(
                f"it calls tf.{function} with {argument}, which Keras 3 does not have."
            )
    return {
        "module": f"keras.src.ops.{made.module}",
        "class_name": made.name,
        "registered_name": made.name,
        "config": config,
    }


def operands(layer: Json) -> list[Any]:
    """What it is called with, in order: references as Keras 2 writes them, values, and lists of both."""
    _, made = _called(layer)
    given = [
        value if name == _CONSTANT else [name, call, value]
        for name, call, value, *_ in _inputs(layer)
    ]
    others = [_arguments(layer)[name] for name in made.operands]
    if made.name == "GetItem":
        [spec] = others
        others = [[_index(one) for one in (spec if isinstance(spec, list) else [spec])]]
    return [given if made.takes_list else given[0], *others]


def _called(layer: Json) -> tuple[str, _Operation]:
    function = layer["config"]["function"]
    if function not in _FUNCTIONS:
        raise ValueError(f"it calls tf.{function}, which is not read.")
    return function, _FUNCTIONS[function]


def _inputs(layer: Json) -> list[Any]:
    """A reference or value each, with the arguments."""
    if len(layer["inbound_nodes"]) != 1:
        raise ValueError(
            f"{layer['name']!r} is called {len(layer['inbound_nodes'])} times, expected once."
        )
    [inputs] = layer["inbound_nodes"]
    return inputs if isinstance(inputs[0], list) else [inputs]


def _arguments(layer: Json) -> Json:
    _, _, _, *arguments = _inputs(layer)[0]
    return arguments[0] if arguments else {}


def _index(one: Any) -> Any:
    """A slice is told by its ends alone."""
    if isinstance(one, dict) and "class_name" not in one:
        return {"class_name": "__slice__", "config": one}
    return {"config": {}, **one} if isinstance(one, dict) else one
