"""What Keras has to choose from, and what it would not take of what was chosen."""

from collections.abc import Iterator, Sequence
from typing import get_args

from django.conf import settings

from nnt_contract import catalogue, keras_choice
from nnt_contract.catalogue import Kind
from nnt_contract.errors import FieldError
from nnt_contract.simulation_config import BackendName, Configuration, KerasChoice

OPTIMIZERS = [entry.name for entry in catalogue.installed().optimizers]
LOSS_FUNCTIONS = [entry.name for entry in catalogue.installed().loss_functions]
METRICS = [entry.name for entry in catalogue.installed().metrics]
MAX_EXTRA_METRICS = 100

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
USUAL_BACKEND: BackendName = Configuration.model_fields["backend"].default

Choices = Sequence[KerasChoice | None]  # None: it is wrong in another way, which is told elsewhere


def complaints(optimizers: Choices, losses: Choices, metrics: Choices) -> list[FieldError]:
    """Everything wrong with any of them and with any combination, once.

    Fields are "optimizers.0.name", "loss_functions.1.conf.delta", "extra_metrics.0.name", and "extra_metrics" where
    two are collected under one name.
    """
    most = settings.NNT.max_simulations_per_experiment
    optimizers, losses = _first(most, optimizers), _first(most, losses)
    metrics = _first(MAX_EXTRA_METRICS, metrics)
    found = [
        *_of_each("optimizers", "optimizer", optimizers),
        *_of_each("loss_functions", "loss function", losses),
        *_of_each("extra_metrics", "metric", metrics),
    ]
    suitable = keras_choice.without_complaints("metric", metrics)
    for loss in filter(None, keras_choice.without_complaints("loss function", losses)):
        found += keras_choice.combined(loss, suitable)
    return list(dict.fromkeys(found))


def _first(most: int, choices: Choices) -> Choices:
    """As many as there may be: to look at all others would take as long as somebody likes."""
    positions = [position for position, choice in enumerate(choices) if choice][:most]
    return choices[: positions[-1] + 1] if positions else []


def _of_each(key: str, kind: Kind, choices: Choices) -> Iterator[FieldError]:
    for position, choice in enumerate(choices):
        for found in keras_choice.complaints(kind, choice) if choice else ():
            yield found.model_copy(update={"field": f"{key}.{position}.{found.field}"})
