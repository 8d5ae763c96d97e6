"""The data of a simulation: from files to features and labels, one loader per format."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnt_contract.simulation_config import NpzKeys, Part, SimulationRun
from nnt_simulation import npz
from nnt_simulation.errors import DatasetError
from nnt_simulation.settings import DatasetSettings

_log = logging.getLogger(__name__)

_MIB = 2**20
_CHECKED_AT_ONCE = 2**20


class Dataset(NamedTuple):
    features: np.ndarray
    labels: np.ndarray


def load(run: SimulationRun) -> dict[Part, Dataset]:
    """Every dataset of the simulation, checked for what needs no model; raises DatasetError."""
    if "train" not in run.datasets:
        raise DatasetError("There is no training data.")
    keys = run.configuration
    parts: dict[Part, NpzKeys] = {
        "train": keys.train,
        "validation": keys.validation,
        "test": keys.test,
    }
    return {
        part: _load(Path(path), parts[part], named(part)) for part, path in run.datasets.items()
    }


def named(part: Part) -> str:
    return "Training data" if part == "train" else f"{part.capitalize()} data"


def _load(path: Path, keys: NpzKeys, name: str) -> Dataset:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise DatasetError(f"{name}: the file cannot be read: {error.strerror}.") from error
    loader = next((load for magic, load in _LOADERS.items() if start.startswith(magic)), None)
    if loader is None:
        raise DatasetError(f"{name}: expected an .npz file, received {_what_starts_with(start)}.")
    dataset = Dataset(*loader(path, keys, name))
    _check_rows(dataset, keys, name)
    return dataset


def _what_starts_with(start: bytes) -> str:
    if not start:
        return "an empty file"
    if start.startswith(b"\x93NUMPY"):
        return "an .npy file: one array without a name; numpy.savez writes several with theirs"
    return f"a file that starts with {start!r}"


def _load_npz(path: Path, keys: NpzKeys, name: str) -> tuple[np.ndarray, np.ndarray]:
    limit = DatasetSettings().dataset_max_mb * _MIB
    try:
        features, labels = npz.read(path, (keys.features, keys.labels), limit)
    except npz.NpzError as error:
        raise DatasetError(f"{name}: {error}") from error
    return _in_float32(features), _in_float32(labels)


def _in_float32(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array  # integers stay, embeddings and sparse losses need them
    # Keras computes in float32; what that cannot hold is infinite.
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


# By the first bytes of the content: names of files say little.
_LOADERS: Mapping[bytes, Callable[[Path, NpzKeys, str], tuple[np.ndarray, np.ndarray]]] = {
    b"PK\x03\x04": _load_npz,
    b"PK\x05\x06": _load_npz,  # an archive of nothing
}


def _check_rows(dataset: Dataset, keys: NpzKeys, name: str) -> None:
    for key, array in zip((keys.features, keys.labels), dataset, strict=True):
        if array.ndim == 0:
            raise DatasetError(f"{name}: '{key}' is a single number, expected one entry per row.")
    if len(dataset.features) != len(dataset.labels):
        raise DatasetError(
            f"{name}: '{keys.features}' has {len(dataset.features)} rows and '{keys.labels}'"
            f" {len(dataset.labels)}, expected as many labels as features."
        )
    if strange := _not_finite(dataset.labels):
        raise DatasetError(
            f"{name}: {strange} of the {dataset.labels.size} values in '{keys.labels}' are NaN or"
            " infinite, expected numbers only."
        )
    if strange := _not_finite(dataset.features):  # what they do to the weights is worth watching
        _log.warning(
            "%s: %d of the %d values in '%s' are NaN or infinite; they are used as they are",
            name,
            strange,
            dataset.features.size,
            keys.features,
        )


def _not_finite(array: np.ndarray) -> int:
    if array.dtype.kind != "f":
        return 0
    # In pieces: a mask of all at once would take a quarter of the data's memory again.
    rows = max(1, _CHECKED_AT_ONCE * len(array) // array.size)
    return sum(
        int(np.count_nonzero(~np.isfinite(array[first : first + rows])))
        for first in range(0, len(array), rows)
    )
