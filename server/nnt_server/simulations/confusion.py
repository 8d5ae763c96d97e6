"""A confusion matrix as a page shows it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from nnt_contract.records import Evaluation

# A page with more cells is slow to read in every sense; the API has them.
MAX_SHOWN = 100
_LEVELS = 10


class Cell(NamedTuple):
    times: int
    level: int  # 0, none of its row, to 10, all: how strongly it is coloured


def shaded(evaluation: Evaluation | None) -> list[list[Cell]]:
    """Its matrix; empty where there is none, or one of too many classes."""
    matrix = evaluation.confusion if evaluation is not None else None
    if matrix is None or len(matrix) > MAX_SHOWN:
        return []
    return [_row(counts) for counts in matrix]


def _row(counts: Sequence[int]) -> list[Cell]:
    whole = sum(counts) or 1
    return [Cell(count, math.ceil(_LEVELS * count / whole)) for count in counts]
