"""The optimizer, the loss function and the metrics as they were chosen, without `keras_choice.problems`."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from nnt_contract import catalogue
from nnt_contract.catalogue import Kind
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation.errors import ModelError, essence


def optimizer(choice: KerasChoice, learning_rate: float) -> keras.optimizers.Optimizer:
    """Raises ModelError, as the others do, for values that Keras does not take."""
    made = getattr(keras.optimizers, catalogue.optimizer(choice.name).name)
    return _make("optimizer", choice, partial(made, learning_rate=learning_rate))


def loss(choice: KerasChoice) -> keras.losses.Loss:
    made = getattr(keras.losses, catalogue.loss_function(choice.name).name)
    return _make("loss function", choice, made)


def metric(choice: KerasChoice) -> keras.metrics.Metric:
    """Its name does not depend on how many were made before."""
    entry = catalogue.metric(choice.name)
    made = getattr(keras.metrics, entry.name)
    if not inspect.isclass(made):
        made = partial(keras.metrics.MeanMetricWrapper, made)
    return _make("metric", choice, partial(made, name=entry.arguments["name"].default))


def _make(kind: Kind, choice: KerasChoice, made: Callable[..., Any]) -> Any:
    try:
        return made(**choice.conf)
    except Exception as error:  # whatever Keras thinks of the values
        raise ModelError(
            f"The {kind} {choice.name} cannot be made with {dict(choice.conf)}: {essence(error)}"
        ) from error
