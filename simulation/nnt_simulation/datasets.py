"""The data of a simulation: its files, read as they were when they were inspected."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

import nnt_datasets
from nnt_contract.catalogue import LossFunction
from nnt_contract.part import Part, named
from nnt_contract.row_shape import RowShape, fits
from nnt_contract.simulation_config import Configuration, SimulationRun
from nnt_datasets.limits import MIB, Limits, Means
from nnt_simulation.errors import DatasetError
from nnt_simulation.settings import DatasetSettings

_log = logging.getLogger(__name__)


class Dataset(NamedTuple):
    features: np.ndarray
    labels: np.ndarray


def load(run: SimulationRun, folder: Path) -> dict[Part, Dataset]:
    """Every dataset of the simulation, checked for what needs no model; raises DatasetError.

    The arrays lie in files without a name in `folder`, and take memory while there is some.
    """
    if "train" not in run.datasets:
        raise DatasetError("There is no training data.")
    settings = DatasetSettings()
    limits = Limits(settings.dataset_max_mb * MIB, settings.dataset_whole_max_mb * MIB)
    try:
        parts = nnt_datasets.read_parts(_files(run), Means(limits, folder))
    except nnt_datasets.DatasetError as error:
        raise DatasetError(str(error)) from error
    for part, dataset in parts.items():
        _tell_strange(named(part), dataset)
    return {part: Dataset(one.features, one.labels) for part, one in parts.items()}


def shaped(data: Mapping[Part, Dataset], row_shape: RowShape) -> dict[Part, Dataset]:
    """With features as a model takes them; raises DatasetError."""
    suited = {}
    for part, (features, labels) in data.items():
        try:
            suited[part] = Dataset(nnt_datasets.shape_rows(features, row_shape), labels)
        except nnt_datasets.DatasetError as error:
            raise DatasetError(str(error.of(part, ""))) from error
    return suited


def labelled(
    data: Mapping[Part, Dataset], output: RowShape, loss: LossFunction
) -> dict[Part, Dataset]:
    """With a last axis of size 1 for labels of steps, pixels and the like that lack the one of the output.

    Keras would take it from the output instead, and then a mask of steps fits no more.
    """
    if loss.labels == "class numbers" or tuple(output[-1:]) != (1,):
        return dict(data)
    return {
        part: Dataset(features, labels[..., np.newaxis] if _lack_it(labels, output) else labels)
        for part, (features, labels) in data.items()
    }


def _lack_it(labels: np.ndarray, output: RowShape) -> bool:
    return labels.ndim > 1 and fits(labels.shape[1:], output[:-1])


def _files(run: SimulationRun) -> dict[Part, nnt_datasets.File]:
    return {
        part: nnt_datasets.File(Path(path), _keys(run.configuration, part))
        for part, path in run.datasets.items()
    }


def _keys(configuration: Configuration, part: Part) -> nnt_datasets.Keys:
    of_part = {
        "train": configuration.train,
        "validation": configuration.validation,
        "test": configuration.test,
    }[part]
    return nnt_datasets.Keys(of_part.features, of_part.labels, configuration.label_column)


def _tell_strange(name: str, dataset: nnt_datasets.Dataset) -> None:
    if strange := dataset.strange:  # what they do to the weights is worth watching
        _log.warning(
            "%s, %s: %d of the %d values of the features are NaN or infinite; they are used as they are",
            *(name, strange.first, strange.count, dataset.features.size),
        )
