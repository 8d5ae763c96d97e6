"""Shapes of a row, and rows of a table in the one that a model takes. In a shape, None is any size."""

import math
from collections.abc import Sequence

import numpy as np

from nnt_contract.row_shape import RowShape, fits, text, without_last_one
from nnt_datasets.errors import DatasetError


def shape_rows(features: np.ndarray, row_shape: RowShape) -> np.ndarray:
    """The features with rows that suit `row_shape`, in which None is any size; raises DatasetError.

    Rows that fit stay as they are, as do those whose last size of 1 is there or missing, which Keras sees to itself.
    Rows of a table get the shape when they have as many values.
    """
    received = features.shape[1:]
    expected = tuple(row_shape)
    if any(
        fits(received, shape) for shape in (expected, (*expected, 1), without_last_one(expected))
    ):
        return features
    shape = _filled(expected, received[0]) if len(received) == 1 else None
    if shape is None:
        raise DatasetError(
            f"rows of the shape {text(expected)}, which the model takes",
            f"rows of the shape {text(received)}",
            hint=_hint(expected, received),
        )
    return features.reshape(len(features), *shape)


def _filled(shape: RowShape, values: int) -> tuple[int, ...] | None:
    """With this many values; None where there is no such shape, or more than one."""
    known = math.prod(size for size in shape if size is not None)
    unknown = sum(size is None for size in shape)
    if unknown > 1 or known == 0 or values % known or (not unknown and known != values):
        return None
    return tuple(values // known if size is None else size for size in shape)


def _hint(expected: RowShape, received: Sequence[int]) -> str:
    if len(received) != 1 or len(expected) == 1 or None in expected:
        return ""
    needed = math.prod(size for size in expected if size is not None)
    return f"A table needs {needed} columns of features for it."
