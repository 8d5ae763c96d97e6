"""What Keras has to choose from, and what it would not take of what was chosen."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

from nnt_contract import catalogue, keras_choice
from nnt_contract.errors import FieldError
from nnt_contract.simulation_config import BackendName, Configuration
from nnt_server.simulations.grid import Cell, Grid

OPTIMIZERS = [entry.name for entry in catalogue.installed().optimizers]
LOSS_FUNCTIONS = [entry.name for entry in catalogue.installed().loss_functions]

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
USUAL_BACKEND: BackendName = Configuration.model_fields["backend"].default


def complaints(grid: Grid, cells: Sequence[Cell]) -> Iterator[FieldError]:
    """Everything wrong with any combination, once; `cells` are the grid's.

    Fields are "optimizers.0.name", "loss_functions.1.conf.delta", "extra_metrics.0.name", and "extra_metrics" where
    two are collected under one name.
    """
    combinations = list(product(range(len(grid.optimizers)), range(len(grid.loss_functions))))
    alike = len(cells) // len(combinations)  # but for learning rate and fold
    said = set()
    for (optimizer, loss), cell in zip(combinations, cells[::alike], strict=True):
        places = {"optimizer": f"optimizers.{optimizer}", "loss_function": f"loss_functions.{loss}"}
        for found in keras_choice.problems(cell.configuration):
            kind, dot, rest = found.field.partition(".")
            told = found.model_copy(update={"field": f"{places.get(kind, kind)}{dot}{rest}"})
            if told not in said:
                said.add(told)
                yield told
