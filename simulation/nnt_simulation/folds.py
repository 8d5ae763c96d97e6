"""Which rows of the pooled data belong to which fold."""

import hashlib
import math

import numpy as np

from nnt_contract import suitability
from nnt_contract.catalogue import LossFunction
from nnt_simulation.errors import DatasetError


def classes_of(labels: np.ndarray, loss: LossFunction) -> np.ndarray | None:
    """The class of each row by its label; None where the loss is of no classes, or a row has several labels."""
    if not loss.is_for_classes:
        return None
    if loss.labels == "one per class" and labels.ndim == 2:
        classes: np.ndarray = np.argmax(labels, axis=1)
    elif math.prod(labels.shape[1:]) == 1:
        classes = np.rint(labels.reshape(-1)).astype(np.int64)
    else:
        return None
    return classes


def fold_of_each_row(classes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The fold, 1 to `count`, of each row: in every class, and in all, their sizes differ by one at most.

    Rows that no class tells apart are given one class. Raises DatasetError.
    """
    rows = len(classes)
    if wrong := suitability.fold_problem(count, rows):
        raise DatasetError(wrong)
    shuffled = np.random.default_rng(seed).permutation(rows)
    # Dealt out class after class, where the last one left off.
    by_class = shuffled[np.argsort(classes[shuffled], kind="stable")]
    folds = np.empty(rows, np.int64)
    folds[by_class] = np.arange(rows) % count + 1
    return folds


def rare_classes(classes: np.ndarray, count: int) -> dict[int, int]:
    """The classes that some of so many folds must do without, and how many rows each has."""
    found, rows = np.unique(classes, return_counts=True)
    return {int(one): int(size) for one, size in zip(found, rows, strict=True) if size < count}


def split_hash(folds: np.ndarray) -> str:
    """The SHA-256 by which two simulations see that their rows are split in the same way."""
    return hashlib.sha256(folds.astype("<i8").tobytes()).hexdigest()
