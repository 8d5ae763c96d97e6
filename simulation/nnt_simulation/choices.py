"""The optimizer, the loss function and the metrics as they were chosen, without `keras_choice.problems`."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from pydantic import JsonValue

from nnt_contract import catalogue, keras_choice, keras_model
from nnt_contract.catalogue import Argument, Entry, Kind
from nnt_contract.simulation_config import Configuration, KerasChoice
from nnt_simulation.errors import ModelError, essence


def check(configuration: Configuration) -> None:
    """Of all of them at once: raises ModelError for what the contract does not let through."""
    if refused := keras_choice.problems(configuration):
        told = " ".join(keras_model.sentences(refused))
        raise ModelError(f"The configuration is not accepted: {told}")


def optimizer(choice: KerasChoice, learning_rate: float) -> keras.optimizers.Optimizer:
    """Raises ModelError, as the others do, for values that Keras does not take."""
    entry = catalogue.optimizer(choice.name)
    made = partial(getattr(keras.optimizers, entry.name), learning_rate=learning_rate)
    return _make("optimizer", entry, choice, made)


def loss(choice: KerasChoice) -> keras.losses.Loss:
    entry = catalogue.loss_function(choice.name)
    return _make("loss function", entry, choice, getattr(keras.losses, entry.name))


def metric(choice: KerasChoice) -> keras.metrics.Metric:
    """Its name does not depend on how many were made before."""
    entry = catalogue.metric(choice.name)
    made = getattr(keras.metrics, entry.name)
    if not inspect.isclass(made):
        made = partial(keras.metrics.MeanMetricWrapper, made)
    return _make("metric", entry, choice, partial(made, name=entry.arguments["name"].default))


def _make(kind: Kind, entry: Entry, choice: KerasChoice, made: Callable[..., Any]) -> Any:
    try:
        return made(
            **{name: _exactly(entry.arguments[name], value) for name, value in choice.conf.items()}
        )
    except Exception as error:  # whatever Keras thinks of the values
        raise ModelError(
            f"The {kind} {choice.name} cannot be made with {dict(choice.conf)}: {essence(error)}"
        ) from error


def _exactly(argument: Argument, value: JsonValue) -> JsonValue:
    """Floats where those are meant: JSON writes 2.0 as 2 too, and Keras does not always take that."""
    if isinstance(value, list):
        return [_exactly(argument, item) for item in value]
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return value if {"integer", "integers"} & {*argument.types} else float(value)
