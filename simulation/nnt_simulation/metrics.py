"""What is collected besides the loss: accuracy where it means something, and the metrics that were asked for."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nnt_contract import catalogue, keras_choice
from nnt_contract.simulation_config import Configuration, KerasChoice
from nnt_simulation import choices
from nnt_simulation.adapted_metric import AdaptedMetric
from nnt_simulation.errors import ModelError, essence
from nnt_simulation.rows import computable

# Whatever was said of these: labels and outputs are given as class numbers.
_SPARSE = ("sparse_y_true", "sparse_y_pred")


def metrics_for(configuration: Configuration, has_classes: bool) -> list[keras.metrics.Metric]:
    """What Keras compiles a model with, each under the name by which it is collected; raises ModelError.

    `has_classes` is what nnt_simulation.class_labels says of the labels: without them there is no accuracy.
    """
    chosen: Sequence[KerasChoice] = configuration.extra_metrics
    if has_classes:
        chosen = keras_choice.collected(configuration.loss_function, chosen)
    return [_made(choice, configuration.loss_function) for choice in chosen]


def check(configuration: Configuration, labels: np.ndarray, output: Sequence[int | None]) -> None:
    """Tries every metric on a few labels, before an epoch is lost on it; raises ModelError.

    `output` is the shape of the model's output for one row.
    """
    if None in output:
        return
    some = computable(labels[:2])
    predictions = np.full((len(some), *(size or 1 for size in output)), 0.5, np.float32)
    for choice in keras_choice.collected(configuration.loss_function, configuration.extra_metrics):
        _check_outputs(choice, predictions.shape[-1])
        metric = _made(choice, configuration.loss_function)
        try:
            metric.update_state(some, predictions)
        except Exception as error:  # whatever Keras thinks of the labels
            raise ModelError(
                f"The metric {choice.name} cannot be computed of labels of the shape {labels.shape[1:]}"
                f" and an output of the shape {tuple(output)}: {essence(error)}"
            ) from error


def _made(choice: KerasChoice, loss: KerasChoice) -> AdaptedMetric:
    trained, takes = catalogue.loss_function(loss.name), catalogue.metric(choice.name)
    if takes.stands_for:
        takes = catalogue.metric(takes.stands_for[trained.labels])
    conf = {
        **choice.conf,
        **{argument: True for argument in _SPARSE if argument in takes.arguments},
        "name": keras_choice.collected_as(choice),
    }
    ignored: Any = loss.conf.get("ignore_class")
    takes_logits = takes.predictions == "scores" or bool(choice.conf.get("from_logits"))
    return AdaptedMetric(
        choices.metric(KerasChoice(name=takes.name, conf=conf)),
        takes,
        trained,
        logits=bool(loss.conf.get("from_logits")) and not takes_logits,
        ignored=ignored,
    )


def _check_outputs(choice: KerasChoice, outputs: int) -> None:
    takes, conf = catalogue.metric(choice.name), choice.conf
    if outputs == 1 and takes.several_outputs and conf.get("axis", -1) == -1:
        raise ModelError(f"The metric {choice.name} compares outputs, and the model has one.")
    compared: Any = conf.get("k", takes.arguments["k"].default if "k" in takes.arguments else 0)
    if compared > outputs and keras.backend.backend() == "torch":  # TensorFlow counts all as right
        raise ModelError(
            f"The metric {choice.name} compares {compared} outputs, and the model has {outputs}:"
            f" with torch it needs k {outputs} at most."
        )
    threshold = takes.arguments.get("threshold")
    if outputs == 1 and threshold and conf.get("threshold", threshold.default) is None:
        raise ModelError(
            f"The metric {choice.name} of a model with one output needs a threshold, say 0.5."
        )
    classes = max(outputs, 2)
    said: Any = conf.get("num_classes", classes)
    if said < classes:  # Keras would leave the others out
        raise ModelError(f"The metric {choice.name} of this model needs num_classes {classes}.")
