"""What Keras has to choose from, and what it would not take of what was chosen."""

from typing import get_args

from django.conf import settings

from nnt_contract import catalogue, keras_choice
from nnt_contract.errors import FieldError
from nnt_contract.keras_choice import Choices
from nnt_contract.simulation_config import BackendName, Configuration

OPTIMIZERS = [entry.name for entry in catalogue.installed().optimizers]
LOSS_FUNCTIONS = [entry.name for entry in catalogue.installed().loss_functions]
METRICS = [entry.name for entry in catalogue.installed().metrics]
MAX_EXTRA_METRICS = 100

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
USUAL_BACKEND: BackendName = Configuration.model_fields["backend"].default


def complaints(optimizers: Choices, losses: Choices, metrics: Choices) -> list[FieldError]:
    """What `keras_choice.problems_of_all` finds among as many as an experiment may have."""
    most = settings.NNT.max_simulations_per_experiment
    return keras_choice.problems_of_all(
        _first(most, optimizers), _first(most, losses), _first(MAX_EXTRA_METRICS, metrics)
    )


def _first(most: int, choices: Choices) -> Choices:
    """To look at all others would take as long as somebody likes."""
    positions = [position for position, choice in enumerate(choices) if choice][:most]
    return choices[: positions[-1] + 1] if positions else []
