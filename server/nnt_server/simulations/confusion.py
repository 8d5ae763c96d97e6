"""What a network took each class for, as a page shows it."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nnt_contract.records import ClassScores, Evaluation

# A page with more cells is slow to read in every sense; the API has them.
MAX_SHOWN = 100
_LEVELS = 10


class Cell(NamedTuple):
    times: int
    level: int  # 0, none of its row, to 10, all: how strongly it is coloured


class Row(NamedTuple):
    name: str  # of the class
    cells: list[Cell]


def shaded(evaluation: Evaluation | None, names: Mapping[int, str]) -> list[Row]:
    """Its matrix; empty where there is none, or one of too many classes. Those without a name are called by number."""
    matrix = evaluation.confusion if evaluation is not None else None
    if matrix is None or len(matrix) > MAX_SHOWN:
        return []
    return [Row(names.get(one, str(one)), _cells(counts)) for one, counts in enumerate(matrix)]


def scores(
    evaluation: Evaluation | None, names: Mapping[int, str]
) -> list[tuple[str, ClassScores]]:
    """Of each class, with what it is called."""
    classes = evaluation.classes if evaluation is not None else None
    return [(names.get(one, str(one)), told) for one, told in enumerate(classes or ())]


def _cells(counts: Sequence[int]) -> list[Cell]:
    whole = sum(counts) or 1
    return [Cell(count, math.ceil(_LEVELS * count / whole)) for count in counts]
