"""Which rows train and which validate."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnt_contract import catalogue
from nnt_contract.part import POOLED, Part, named
from nnt_contract.simulation_config import Fold, SimulationRun
from nnt_simulation import folds
from nnt_simulation.datasets import Dataset
from nnt_simulation.errors import DatasetError
from nnt_simulation.rows import Rows, all_of

_log = logging.getLogger(__name__)

_KINDS = {"b": "whole numbers", "i": "whole numbers", "u": "whole numbers", "f": "fractions"}
_SHOWN = 5


class Split(NamedTuple):
    train: Rows
    validation: Rows | None
    sha256: str | None  # None: there are no folds


def split(run: SimulationRun, data: Mapping[Part, Dataset]) -> Split:
    """What the files say, or the fold of both pooled; raises DatasetError."""
    if run.configuration.fold is not None:
        return _folded(run, run.configuration.fold, [data[part] for part in POOLED if part in data])
    validation = data.get("validation")
    return Split(all_of(data["train"]), all_of(validation) if validation else None, None)


def _folded(run: SimulationRun, fold: Fold, pooled: list[Dataset]) -> Split:
    features = _alike("features", [dataset.features for dataset in pooled])
    labels = _alike("labels", [dataset.labels for dataset in pooled])
    pooled = [Dataset(*part) for part in zip(features, labels, strict=True)]
    fold_of_each_row = folds.fold_of_each_row(_classes(run, fold, pooled), fold.count, run.seed)
    validates = fold_of_each_row == fold.index
    made = Split(
        train=Rows(pooled, np.flatnonzero(~validates)),
        validation=Rows(pooled, np.flatnonzero(validates)),
        sha256=folds.split_hash(fold_of_each_row),
    )
    _log.info(
        "fold %d of %d: %d rows train, %d validate; the split has the SHA-256 %s",
        *(fold.index, fold.count, len(made.train), int(validates.sum()), made.sha256),
    )
    return made


def _classes(run: SimulationRun, fold: Fold, pooled: list[Dataset]) -> np.ndarray:
    loss = catalogue.loss_function(run.configuration.loss_function.name)
    found = [folds.classes_of(dataset.labels, loss) for dataset in pooled]
    known = [classes for classes in found if classes is not None]
    if len(known) < len(pooled):
        return np.zeros(sum(len(dataset.labels) for dataset in pooled), np.int64)
    classes = np.concatenate(known)
    if rare := folds.rare_classes(classes, fold.count):
        _log.warning("not every fold validates %s", _in_words(rare))
    return classes


def _alike(what: str, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """In one shape: a last axis of size 1 may be there or missing."""
    shapes = [array.shape[1:] for array in arrays]
    shortest = min(shapes, key=len)
    if set(shapes) - {shortest, (*shortest, 1)}:
        raise DatasetError(f"Folds need {what} of one shape, received {_by_part(shapes)}.")
    kinds = [_KINDS[array.dtype.kind] for array in arrays]
    if len(set(kinds)) > 1:  # such as images from 0 to 255 and from 0 to 1
        _log.warning("pooled %s: %s", what, _by_part(kinds))
    return [array.reshape(len(array), *shortest) for array in arrays]


def _by_part(values: Sequence[object]) -> str:
    parts = zip(POOLED, values, strict=False)
    return " and ".join(f"{value} in the {named(part).lower()}" for part, value in parts)


def _in_words(rare: Mapping[int, int]) -> str:
    shown = ", ".join(
        f"class {one} ({rows} row{'s' * (rows > 1)})" for one, rows in list(rare.items())[:_SHOWN]
    )
    more = f" and {len(rare) - _SHOWN} more" if len(rare) > _SHOWN else ""
    return shown + more
