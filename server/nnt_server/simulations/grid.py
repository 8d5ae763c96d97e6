"""The simulations of an experiment: every optimizer with every loss function, learning rate and fold."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from nnt_contract.simulation_config import Configuration, Fold, KerasChoice

MAX_NAME_CHARACTERS = 200
_WORDS = {
    "optimizers": "optimizers",
    "loss_functions": "loss functions",
    "learning_rates": "learning rates",
    "folds": "folds",
}


class Cell(NamedTuple):
    """One simulation of an experiment."""

    name: str
    configuration: Configuration


class Complaint(NamedTuple):
    about: str  # "name", or a field of Grid
    expected: str
    received: str


class Grid(NamedTuple):
    """What is combined."""

    optimizers: Sequence[KerasChoice]
    loss_functions: Sequence[KerasChoice]
    learning_rates: Sequence[float]
    folds: int = 0  # below 2: none

    @property
    def sizes(self) -> Mapping[str, int]:
        choices = (self.optimizers, self.loss_functions, self.learning_rates)
        return dict(zip(_WORDS, (*map(len, choices), max(self.folds, 1)), strict=True))

    def complaints(self, name: str, at_most: int) -> Iterator[Complaint]:
        """About too many simulations, and about names that would be too long."""
        sizes = self.sizes
        count = math.prod(sizes.values())
        if count > at_most:
            factors = " × ".join(f"{size} {_WORDS[of]}" for of, size in sizes.items() if size > 1)
            largest = max(sizes, key=lambda of: sizes[of])
            expected = f"at most {at_most} simulations in one experiment"
            yield Complaint(largest, expected, f"{count}: {factors}")
        longest = "".join(_endings(sizes, *sizes.values()))
        if longest and len(name) + len(longest) > MAX_NAME_CHARACTERS:
            left = MAX_NAME_CHARACTERS - len(longest)
            expected = f"at most {left} characters, because “{longest}” is added to it"
            yield Complaint("name", expected, f"{len(name)}")

    def cells(self, name: str, shared: Mapping[str, Any]) -> list[Cell]:
        """One for each combination; `shared` is the rest of their configuration, by the names of its fields."""
        sizes = self.sizes
        numbers = product(*(range(1, size + 1) for size in sizes.values()))
        return [
            Cell(name + "".join(_endings(sizes, *position)), self._configuration(shared, *position))
            for position in numbers
        ]

    def _configuration(
        self, shared: Mapping[str, Any], optimizer: int, loss: int, rate: int, fold: int
    ) -> Configuration:
        return Configuration(
            **shared,
            optimizer=self.optimizers[optimizer - 1],
            loss_function=self.loss_functions[loss - 1],
            learning_rate=self.learning_rates[rate - 1],
            fold=Fold(index=fold, count=self.folds) if self.folds > 1 else None,
        )


def _endings(
    sizes: Mapping[str, int], optimizer: int, loss: int, rate: int, fold: int
) -> Iterator[str]:
    """Which one it is, of what there is more than one of."""
    told = (f" (O{optimizer})", f" (LF{loss})", f" (LR{rate})", f" ({fold})")
    return (ending for ending, size in zip(told, sizes.values(), strict=True) if size > 1)
