"""Optimizers, loss functions and metrics of Keras, with labels and models that they can be tried on."""

from typing import Any

import keras
import numpy as np

from nnt_contract.catalogue import Entry, LossFunction
from nnt_contract.simulation_config import Configuration, KerasChoice, NpzKeys

KEYS = NpzKeys(features="x", labels="y")
ROWS, INPUTS = 8, 4
_GIVEN: dict[str, Any] = {
    "average": "macro",
    "k": 2,
    "num_classes": 3,
    "precision": 0.5,
    "recall": 0.5,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "target_class_ids": [0, 1],
}


def with_required(entry: Entry, **conf: Any) -> KerasChoice:
    """With the arguments that have to be given, to be told of three outputs."""
    given = {
        name: _GIVEN[name] for name, one in entry.arguments.items() if one.required or name == "k"
    }
    return KerasChoice(name=entry.name, conf=given | conf)


def configuration(
    loss: KerasChoice, *extra: KerasChoice, optimizer: KerasChoice | None = None
) -> Configuration:
    return Configuration(
        total_epochs=1,
        learning_rate=0.01,
        optimizer=optimizer or KerasChoice(name="sgd"),
        loss_function=loss,
        train=KEYS,
        validation=KEYS,
        test=KEYS,
        extra_metrics=list(extra),
    )


def labels_for(loss: LossFunction, outputs: int) -> np.ndarray:
    draw = np.random.default_rng(3)
    if loss.task == "sequences":
        return draw.integers(1, outputs, (ROWS, 2))
    if loss.labels == "class numbers":
        return draw.integers(0, outputs, ROWS)
    if loss.labels == "one per class":
        return np.eye(outputs)[draw.integers(0, outputs, ROWS)]
    if loss.predictions == "values":
        return draw.uniform(0.5, 2, (ROWS, outputs))
    return draw.integers(0, 2, (ROWS, outputs))


def model_for(loss: LossFunction, outputs: int) -> keras.Model:
    inner = keras.layers.Dense(5, activation="relu")
    if loss.task == "sequences":
        last = [keras.layers.Dense(4 * outputs), keras.layers.Reshape((4, outputs))]
    else:
        squashes = {"binary": "sigmoid", "masks": "sigmoid", "regression": "softplus"}
        activation = squashes.get(loss.task, "softmax") if loss.predictions != "scores" else None
        last = [keras.layers.Dense(outputs, activation=activation)]
    return keras.Sequential([keras.Input((INPUTS,)), inner, *last])


def features() -> np.ndarray:
    return np.random.default_rng(4).normal(size=(ROWS, INPUTS)).astype(np.float32)
