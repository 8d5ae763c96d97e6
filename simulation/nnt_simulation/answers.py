"""How often a network that tells classes apart is right, and how it is wrong."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np

from nnt_contract.catalogue import LossFunction
from nnt_contract.records import CUT_POINTS, MAX_CLASSES, ClassScores, CutPoint


class Batch(NamedTuple):
    labels: np.ndarray
    outputs: np.ndarray
    mask: np.ndarray | None = None  # which answers count, by the dimensions it has; None: all


_HALF = 0.5  # what is more probable is said
_TOO_MANY = (
    "The test data is told apart into {classes:,} classes: confusion matrix, precision and recall are"
    f" computed for up to {MAX_CLASSES:,}."
)
_QUESTIONS = "Each output answers a question of its own: there is no confusion matrix."
_SCORES = "The outputs are scores and not probabilities: there are no cut points."
_NAN = "{nan:,} of {rows:,} answers have an output that is NaN, which counts as the least likely."


class Tables(NamedTuple):
    """As in nnt_contract.records.Evaluation."""

    confusion: tuple[tuple[int, ...], ...] | None = None
    classes: tuple[ClassScores, ...] | None = None
    cut_points: tuple[CutPoint, ...] | None = None
    remarks: tuple[str, ...] = ()


class _Tally(Protocol):
    def add(self, labels: np.ndarray, outputs: np.ndarray) -> None:
        """Both have a row for each answer."""

    def tables(self) -> Tables: ...


def tabulate(
    batches: Iterable[Batch], loss: LossFunction, logits: bool = False, ignored: int | None = None
) -> Tables:
    """Of a network trained with that loss, batch by batch; empty where the loss is of no classes.

    `logits` tells that the outputs are some; labels that are `ignored` do not count.
    """
    if not loss.is_for_classes:
        return Tables()
    tally: _Tally | None = None
    for labels, outputs, mask in batches:
        rows = outputs.astype(np.float32, copy=False).reshape(-1, *outputs.shape[1:][-1:] or (1,))
        classes = rows.shape[1]
        if classes > MAX_CLASSES:
            return Tables(remarks=(_TOO_MANY.format(classes=classes),))
        if tally is None:
            tally = _tally(loss, classes, logits, ignored)
        counts = _counting(outputs, mask)
        tally.add(labels.reshape(len(rows), -1)[counts], rows[counts])
    return tally.tables() if tally else Tables()


def _counting(outputs: np.ndarray, mask: np.ndarray | None) -> np.ndarray | slice:
    """Which rows of answers count."""
    if mask is None:
        return slice(None)
    shape = outputs.shape[:-1]
    of_all = mask.astype(bool).reshape(mask.shape + (1,) * (len(shape) - mask.ndim))
    return np.broadcast_to(of_all, shape).reshape(-1)


def _tally(loss: LossFunction, outputs: int, logits: bool, ignored: int | None) -> _Tally:
    if loss.task == "classification":
        return _OneOfMany(loss, outputs, logits, ignored)
    return _YesOrNo(loss, logits) if outputs == 1 else _Questions(loss, outputs, logits)


class _OneOfMany:
    """Each answer is one of many classes."""

    def __init__(self, loss: LossFunction, classes: int, logits: bool, ignored: int | None) -> None:
        self._loss = loss
        self._logits = logits
        self._ignored = ignored
        self._counts = _Confusion(classes)
        is_probable = classes == 2 and loss.predictions == "probabilities"
        self._cuts = _Cuts() if is_probable else None

    def add(self, labels: np.ndarray, outputs: np.ndarray) -> None:
        if self._loss.labels == "class numbers":
            true = np.rint(labels).astype(np.int64).reshape(-1)
            if self._ignored is not None:
                counts = true != self._ignored
                true, outputs = true[counts], outputs[counts]
        else:
            true = labels.reshape(outputs.shape).argmax(axis=1)
        is_nan = np.isnan(outputs)
        outputs = np.where(is_nan, -np.inf, outputs)
        self._counts.add(true, outputs.argmax(axis=1), is_nan)
        if self._cuts:
            self._cuts.add(true == 1, self._second(*outputs.T))

    def tables(self) -> Tables:
        return self._counts.tables(self._cuts)

    def _second(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """How probable the second of two classes is; NaN where both are infinite, which is above no cut point."""
        if not self._logits:
            return second
        with np.errstate(invalid="ignore"):
            return _sigmoid(second - first)


class _YesOrNo:
    """Each answer is yes, class 1, or no."""

    def __init__(self, loss: LossFunction, logits: bool) -> None:
        self._read = _Decisions(loss, logits)
        self._counts = _Confusion(2)
        self._cuts = _Cuts() if loss.predictions == "probabilities" else None

    def add(self, labels: np.ndarray, outputs: np.ndarray) -> None:
        true, values = self._read.true(labels).reshape(-1), self._read.values(outputs)[:, 0]
        self._counts.add(
            true.astype(np.int64), (values > _HALF).astype(np.int64), np.isnan(outputs)
        )
        if self._cuts:
            self._cuts.add(true, values)

    def tables(self) -> Tables:
        tables = self._counts.tables(self._cuts)
        return tables if self._cuts else tables._replace(remarks=(*tables.remarks, _SCORES))


class _Questions:
    """Each output of a row says yes or no to a question of its own: what is counted as a class is its yes."""

    def __init__(self, loss: LossFunction, outputs: int, logits: bool) -> None:
        self._read = _Decisions(loss, logits)
        self._right, self._said, self._there = np.zeros((3, outputs), np.int64)

    def add(self, labels: np.ndarray, outputs: np.ndarray) -> None:
        true = self._read.true(labels).reshape(outputs.shape)
        said = self._read.values(outputs) > _HALF
        self._right += (true & said).sum(axis=0)
        self._said += said.sum(axis=0)
        self._there += true.sum(axis=0)

    def tables(self) -> Tables:
        return Tables(
            classes=_class_scores(self._right, self._said, self._there), remarks=(_QUESTIONS,)
        )


class _Decisions:
    """What labels and outputs say of yes or no."""

    def __init__(self, loss: LossFunction, logits: bool) -> None:
        self._are_scores = loss.predictions == "scores"
        self._squashed = logits or self._are_scores

    def true(self, labels: np.ndarray) -> np.ndarray:
        """Hinges take -1 and 1 as well as 0 and 1."""
        return labels > (0 if self._are_scores else _HALF)

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """Above a half: yes."""
        return _sigmoid(outputs) if self._squashed else outputs


class _Confusion:
    """How often each class was taken for each."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._matrix = np.zeros((classes, classes), np.int64)
        self._nan = 0

    def add(self, true: np.ndarray, said: np.ndarray, is_nan: np.ndarray) -> None:
        """Numbers of classes; and for each, which of its outputs are NaN."""
        places = np.bincount(true * self._classes + said, minlength=self._classes**2)
        self._matrix += places.reshape(self._matrix.shape)
        self._nan += int(is_nan.any(axis=1).sum())

    def tables(self, cuts: "_Cuts | None") -> Tables:
        matrix = self._matrix
        rows = int(matrix.sum())
        return Tables(
            confusion=tuple(tuple(row) for row in matrix.tolist()),
            classes=_class_scores(matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)),
            cut_points=cuts.points() if cuts else None,
            remarks=(_NAN.format(nan=self._nan, rows=rows),) if self._nan else (),
        )


class _Cuts:
    """How often yes would be said and be right, if it were said above each of the cut points."""

    def __init__(self) -> None:
        self._right, self._said = np.zeros((2, len(CUT_POINTS)), np.int64)
        self._there = 0

    def add(self, true: np.ndarray, probability: np.ndarray) -> None:
        for place, cut in enumerate(CUT_POINTS):
            said = probability > cut
            self._said[place] += said.sum()
            self._right[place] += (said & true).sum()
        self._there += int(true.sum())

    def points(self) -> tuple[CutPoint, ...]:
        return tuple(
            CutPoint(cut=cut, precision=_share(right, said), recall=_share(right, self._there))
            for cut, right, said in zip(CUT_POINTS, self._right, self._said, strict=True)
        )


def _class_scores(
    right: np.ndarray, said: np.ndarray, there: np.ndarray
) -> tuple[ClassScores, ...]:
    return tuple(
        ClassScores(
            precision=_share(hits, of_said), recall=_share(hits, of_there), support=of_there
        )
        for hits, of_said, of_there in zip(
            *(counts.tolist() for counts in (right, said, there)), strict=True
        )
    )


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _sigmoid(values: np.ndarray) -> np.ndarray:
    with np.errstate(
        over="ignore"
    ):  # exp of what is far below zero is infinite, and its share none
        squashed: np.ndarray = 1 / (1 + np.exp(-values))
        return squashed
