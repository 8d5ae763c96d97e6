"""What is collected besides the loss: accuracy where it means something, and the metrics that were asked for."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nnt_contract.simulation_config import Configuration, KerasChoice
from nnt_simulation import choices
from nnt_simulation.errors import ModelError, essence

_ACCURACY = ("accuracy", "acc")


def metrics_for(configuration: Configuration, loss: keras.losses.Loss) -> list[Any]:
    """What Keras compiles a model with, each under the name by which it is collected; raises ModelError."""
    accuracy = ["accuracy"] if choices.is_for_classes(loss) else []
    extra = [choices.metric(choice) for choice in _extra(configuration, loss)]
    names = Counter(["loss", *accuracy, *(metric.name for metric in extra)])
    for name, times in names.items():
        if times > 1:
            raise ModelError(
                f"More than one metric is named '{name}': give an extra one another name in its conf."
            )
    return [*accuracy, *extra]


def check(
    configuration: Configuration,
    loss: keras.losses.Loss,
    labels: np.ndarray,
    output: Sequence[int | None],
) -> None:
    """Tries every extra metric on a few labels, before an epoch is lost on it; raises ModelError.

    `output` is the shape of the model's output for one row.
    """
    if None in output:
        return
    some = labels[:2]
    predictions = np.full((len(some), *(size or 1 for size in output)), 0.5, np.float32)
    for choice in _extra(configuration, loss):
        metric = choices.metric(choice)
        try:
            metric.update_state(some, predictions)
            value = np.asarray(metric.result())
        except Exception as error:  # whatever Keras thinks of the labels
            raise ModelError(
                f"The metric {choice.name} cannot be computed of labels of the shape {labels.shape[1:]}"
                f" and an output of the shape {tuple(output)}: {essence(error)}"
            ) from error
        if value.ndim:
            raise ModelError(
                f"The metric {choice.name} gives {value.size} values, one for each class; expected one."
                " Some metrics have an argument 'average'."
            )


def _extra(configuration: Configuration, loss: keras.losses.Loss) -> list[KerasChoice]:
    """What was asked for, but for accuracy where that is collected anyway."""
    is_there = choices.is_for_classes(loss)
    asked = configuration.extra_metrics
    return [choice for choice in asked if not (is_there and choice.name.lower() in _ACCURACY)]
