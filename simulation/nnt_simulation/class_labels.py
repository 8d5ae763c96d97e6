"""Whether labels tell classes apart, so that being right means something."""

from collections.abc import Iterable

import numpy as np

from nnt_contract.catalogue import LossFunction
from nnt_datasets.disk import row_blocks


def are_classes(labels: Iterable[np.ndarray], loss: LossFunction) -> bool:
    """Those of every part: a loss for yes or no also takes what is in between, which no answer ever equals."""
    if loss.task != "binary":
        return loss.is_for_classes
    pairs = [(0, 1), (-1, 1)] if loss.predictions == "scores" else [(0, 1)]
    return all(any(_is_one_of(part, *pair) for pair in pairs) for part in labels)


def _is_one_of(labels: np.ndarray, no: int, yes: int) -> bool:
    return all(((block == no) | (block == yes)).all() for _, block in row_blocks(labels))
