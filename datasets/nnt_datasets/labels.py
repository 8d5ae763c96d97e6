"""What the labels of a part are, and how often each class occurs."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nnt_datasets.dataset import Dataset
from nnt_datasets.disk import row_blocks
from nnt_datasets.errors import shown
from nnt_datasets.table import is_whole

Kind = Literal["binary", "class numbers", "one-hot", "real"]

_CLASSES = 1000


@dataclass(frozen=True)
class ClassCount:
    value: int
    name: str  # of a nominal column; empty of others
    rows: int


@dataclass(frozen=True)
class LabelFindings:
    """`classes` of class numbers and one-hot vectors; the last four of real targets."""

    kind: Kind
    shape: tuple[int, ...]  # of one row's labels
    class_count: int = 0  # those that a nominal column declares included
    classes: tuple[ClassCount, ...] = ()  # of more than a thousand those that occur
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    are_whole: bool | None = None


def findings(dataset: Dataset) -> LabelFindings:
    """Whole numbers from 0 with at most a thousand different values are taken for class numbers."""
    labels = dataset.labels
    kind: Kind = "one-hot"
    shape = tuple(labels.shape[1:])
    if labels[0].size == 1:
        counts = _class_numbers(labels.reshape(-1))
        kind = "binary" if counts is not None and counts.keys() <= {0, 1} else "class numbers"
    else:
        counts = _one_hot(labels)
    if counts is None:
        return _real(labels, shape)
    names = dataset.nominal.get(dataset.label_column, ())
    known = counts.keys() | set(range(len(names)))
    classes = tuple(
        ClassCount(value, shown(names[value]) if value < len(names) else "", counts[value])
        for value in sorted(known if len(known) <= _CLASSES else counts)
    )
    return LabelFindings(kind, shape, len(known), classes)


def _class_numbers(labels: np.ndarray) -> Counter[int] | None:
    counts: Counter[int] = Counter()
    for _, rows in row_blocks(labels):
        values, occurrences = np.unique(rows, return_counts=True)
        if values[0] < 0 or np.any(values != np.rint(values)) or len(values) > _CLASSES:
            return None
        counts.update(dict(zip(map(int, values.tolist()), occurrences.tolist(), strict=True)))
        if len(counts) > _CLASSES:
            return None
    return counts


def _one_hot(labels: np.ndarray) -> Counter[int] | None:
    if labels.ndim != 2 or labels.shape[1] > _CLASSES:
        return None
    totals = np.zeros(labels.shape[1], np.int64)
    for _, rows in row_blocks(labels):
        is_one = rows == 1
        if np.any((is_one | (rows == 0)).sum(axis=1) != rows.shape[1]) or np.any(
            is_one.sum(axis=1) != 1
        ):
            return None
        totals += is_one.sum(axis=0)
    return Counter(dict(enumerate(totals.tolist())))


def _real(labels: np.ndarray, shape: tuple[int, ...]) -> LabelFindings:
    total, minimum, maximum, are_whole = 0.0, np.inf, -np.inf, True
    for _, rows in row_blocks(labels):
        total += float(rows.sum(dtype=np.float64))
        minimum, maximum = min(minimum, float(rows.min())), max(maximum, float(rows.max()))
        are_whole = are_whole and is_whole(rows)
    mean = total / labels.size
    return LabelFindings(
        "real", shape, minimum=minimum, maximum=maximum, mean=mean, are_whole=are_whole
    )
