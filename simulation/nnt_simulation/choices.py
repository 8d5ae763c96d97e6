"""An optimizer or a loss by its Keras name, or a message that tells the nearest names there are."""

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from functools import cache
from numbers import Real
from typing import Any, Literal

import keras

from nnt_contract.simulation_config import KerasChoice
from nnt_simulation.errors import ModelError, essence

Kind = Literal["optimizer", "loss function", "metric"]

_SHORT_NAMES = {
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}
# They wrap other optimizers, which a configuration file cannot describe.
_WRAPPERS = {"LossScaleOptimizer", "MultiOptimizer", "OptimizerMap", "MeanMetricWrapper"}
_OF_VALUES = {"Mean", "Sum"}  # metrics that do not compare labels with predictions
_TEXTS = {"name", "dtype"}  # whose default is None
_BEFORE_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CLASSIFICATION = ("crossentropy", "hinge")


def optimizer(choice: KerasChoice, learning_rate: float) -> keras.optimizers.Optimizer:
    return _make("optimizer", choice, {"learning_rate": learning_rate})


def loss(choice: KerasChoice) -> keras.losses.Loss:
    return _make("loss function", choice, {})


def metric(choice: KerasChoice) -> keras.metrics.Metric:
    """Its name does not depend on how many were made before."""
    arguments = _arguments(_class_named("metric", choice.name))
    is_nameless = arguments.get("name") is None and "name" not in choice.conf
    ours = {"name": _BEFORE_CAPITALS.sub("_", choice.name).lower()} if is_nameless else {}
    return _make("metric", choice, ours)


def is_for_classes(chosen: keras.losses.Loss) -> bool:
    """Whether an accuracy means something with this loss."""
    return _plain(type(chosen).__name__).endswith(_CLASSIFICATION)


def _make(kind: Kind, choice: KerasChoice, ours: Mapping[str, Any]) -> Any:
    made = _class_named(kind, choice.name)
    _check_arguments(made, choice, ours)
    try:
        return made(**ours, **choice.conf)
    except Exception as error:  # whatever Keras thinks of the values
        raise ModelError(
            f"The {kind} {choice.name} cannot be made with {dict(choice.conf)}: {essence(error)}"
        ) from error


def _class_named(kind: Kind, name: str) -> type:
    classes = _classes(kind)
    plain = _plain(name)
    if plain not in classes:
        known = {_plain(known.__name__): known.__name__ for known in classes.values()}
        raise ModelError(f"There is no {kind} '{name}' in Keras.{_nearest(plain, known)}")
    return classes[plain]


@cache
def _classes(kind: Kind) -> dict[str, type]:
    module, base = {
        "optimizer": (keras.optimizers, keras.optimizers.Optimizer),
        "loss function": (keras.losses, keras.losses.Loss),
        "metric": (keras.metrics, keras.metrics.Metric),
    }[kind]
    found = {
        _plain(name): made
        for name, made in vars(module).items()
        if isinstance(made, type)
        and issubclass(made, base)
        and made is not base
        and name not in _WRAPPERS | _OF_VALUES
    }
    short = {short: _plain(name) for short, name in _SHORT_NAMES.items()}
    return found | {short: found[name] for short, name in short.items() if name in found}


def _check_arguments(made: type, choice: KerasChoice, ours: Mapping[str, Any]) -> None:
    taken = _arguments(made)
    for name, value in choice.conf.items():
        if name not in taken:
            names = {known: known for known in taken if known not in ours}
            raise ModelError(
                f"{choice.name} has no argument '{name}'.{_nearest(name, names)}"
                f" It has: {', '.join(sorted(names))}."
            )
        if expected := _mismatch(name, taken[name], value):
            raise ModelError(f"{choice.name}: '{name}' is {expected}, received {value!r}.")


def _arguments(made: type) -> dict[str, Any]:
    """The arguments a class takes, with their defaults; those of the bases where it passes them on."""
    arguments: dict[str, Any] = {}
    for owner in made.__mro__:
        if "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                arguments.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return arguments


def _mismatch(name: str, default: Any, value: Any) -> str | None:
    """What is expected instead of the value, as far as the default tells; the rest is up to Keras."""
    example = "" if default is None else f" (say {default!r})"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else f"true or false{example}"
    if isinstance(value, str):
        return None if isinstance(default, str) or name in _TEXTS else f"a number{example}"
    if isinstance(default, Real) and (value is None or isinstance(value, bool)):
        return f"a number{example}"
    return None


def _nearest(name: str, known: Mapping[str, str]) -> str:
    near: Iterable[str] = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    names = ", ".join(known[one] for one in near)
    return f" Near to it: {names}." if names else ""


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
