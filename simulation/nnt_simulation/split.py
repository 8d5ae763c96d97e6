"""Which rows train and which validate."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nnt_contract import catalogue
from nnt_contract.part import Part, named
from nnt_contract.simulation_config import Fold, SimulationRun
from nnt_simulation import folds
from nnt_simulation.datasets import Dataset
from nnt_simulation.errors import DatasetError
from nnt_simulation.rows import Rows, all_of

_log = logging.getLogger(__name__)

_POOLED: tuple[Part, ...] = ("train", "validation")
_KINDS = {"b": "whole numbers", "i": "whole numbers", "u": "whole numbers", "f": "fractions"}
_SHOWN = 5


class Split(NamedTuple):
    train: Rows
    validation: Rows | None
    sha256: str | None  # None: there are no folds


def split(run: SimulationRun, data: Mapping[Part, Dataset]) -> Split:
    """What the files say, or the fold of both pooled; raises DatasetError."""
    if run.configuration.fold is not None:
        return _folded(
            run, run.configuration.fold, [data[part] for part in _POOLED if part in data]
        )
    validation = data.get("validation")
    return Split(all_of(data["train"]), all_of(validation) if validation else None, None)


def _folded(run: SimulationRun, fold: Fold, pooled: list[Dataset]) -> Split:
    _check_alike("features", [dataset.features for dataset in pooled])
    _check_alike("labels", [dataset.labels for dataset in pooled])
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


def _check_alike(what: str, arrays: list[np.ndarray]) -> None:
    shapes = [array.shape[1:] for array in arrays]
    kinds = [_KINDS[array.dtype.kind] for array in arrays]
    for told, values in ((f"{what} of one shape", shapes), (f"{what} of one kind", kinds)):
        if len(set(values)) > 1:
            received = " and ".join(
                f"{value} in the {named(part).lower()}"
                for part, value in zip(_POOLED, values, strict=True)
            )
            raise DatasetError(f"Folds need {told}, received {received}.")


def _in_words(rare: Mapping[int, int]) -> str:
    shown = ", ".join(
        f"class {one} ({rows} row{'s' * (rows > 1)})" for one, rows in list(rare.items())[:_SHOWN]
    )
    more = f" and {len(rare) - _SHOWN} more" if len(rare) > _SHOWN else ""
    return shown + more
