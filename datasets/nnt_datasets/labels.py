"""What the labels of an experiment are, and how often each class occurs in each part."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from nnt_contract.part import Part
from nnt_contract.printable import shown
from nnt_datasets.dataset import Dataset
from nnt_datasets.disk import row_blocks
from nnt_datasets.table import is_whole

Kind = Literal["binary", "signed binary", "class numbers", "one-hot", "multi-label", "real"]

_CLASSES = 1000


@dataclass(frozen=True)
class ClassCount:
    value: int
    name: str  # of a nominal column; empty of others
    rows: int


@dataclass(frozen=True)
class LabelFindings:
    """`classes` of all kinds but real targets, which have the last four; of multi-label vectors a row has several."""

    kind: Kind
    shape: tuple[int, ...]  # of one row's labels
    class_count: int = 0  # those of the other parts, and that a nominal column declares, included
    classes: tuple[ClassCount, ...] = ()  # of more than a thousand those that occur
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    are_whole: bool | None = None


class _Counts(NamedTuple):
    kind: Literal["class numbers", "one-hot", "multi-label"]
    rows: Counter[int]


def findings(datasets: Mapping[Part, Dataset]) -> dict[Part, LabelFindings]:
    """Parts whose labels have as many values per row have the same kind, which all of them decide together.

    Whole numbers from 0 with at most a thousand different values are taken for class numbers.
    """
    found = {part: _counts(dataset.labels) for part, dataset in datasets.items()}
    told = {}
    for part, dataset in datasets.items():
        size = dataset.labels[0].size
        alike = [found[one] for one in datasets if datasets[one].labels[0].size == size]
        told[part] = _described(dataset, found[part], [one for one in alike if one], _kind(alike))
    return told


def _described(
    dataset: Dataset, own: _Counts | None, alike: Sequence[_Counts], kind: Kind
) -> LabelFindings:
    shape = tuple(dataset.labels.shape[1:])
    if kind == "real" or own is None:
        return _real(dataset.labels, shape)
    names = dataset.nominal.get(dataset.label_column, ())
    known = _values(alike) | set(range(len(names)))
    classes = tuple(
        ClassCount(value, shown(names[value]) if 0 <= value < len(names) else "", own.rows[value])
        for value in sorted(known if len(known) <= _CLASSES else own.rows)
    )
    return LabelFindings(kind, shape, len(known), classes)


def _kind(parts: Sequence[_Counts | None]) -> Kind:
    counted = [one for one in parts if one]
    if len(counted) < len(parts):
        return "real"
    kinds = {one.kind for one in counted}
    if "class numbers" in kinds:
        return _kind_of_numbers(_values(counted))
    return "multi-label" if "multi-label" in kinds else "one-hot"


def _kind_of_numbers(values: Set[int]) -> Kind:
    if values <= {0, 1}:
        return "binary"
    if values <= {-1, 1}:
        return "signed binary"
    return "real" if min(values) < 0 or len(values) > _CLASSES else "class numbers"


def _values(parts: Sequence[_Counts]) -> set[int]:
    return set().union(*(one.rows for one in parts))


def _counts(labels: np.ndarray) -> _Counts | None:
    """None where they are neither class numbers, with -1 among them or not, nor vectors of 0 and 1."""
    return _of_numbers(labels.reshape(-1)) if labels[0].size == 1 else _of_vectors(labels)


def _of_numbers(labels: np.ndarray) -> _Counts | None:
    counts: Counter[int] = Counter()
    for _, rows in row_blocks(labels):
        values, occurrences = np.unique(rows, return_counts=True)
        if values[0] < -1 or np.any(values != np.rint(values)) or len(values) > _CLASSES:
            return None
        counts.update(dict(zip(map(int, values.tolist()), occurrences.tolist(), strict=True)))
        if len(counts) > _CLASSES:
            return None
    return _Counts("class numbers", counts)


def _of_vectors(labels: np.ndarray) -> _Counts | None:
    if labels.ndim != 2 or labels.shape[1] > _CLASSES:
        return None
    totals, is_one_hot = np.zeros(labels.shape[1], np.int64), True
    for _, rows in row_blocks(labels):
        is_one = rows == 1
        if not np.all(is_one | (rows == 0)):
            return None
        is_one_hot = is_one_hot and bool(np.all(is_one.sum(axis=1) == 1))
        totals += is_one.sum(axis=0)
    return _Counts(
        "one-hot" if is_one_hot else "multi-label", Counter(dict(enumerate(totals.tolist())))
    )


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
