"""What every format is read into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from nnt_datasets.errors import Place

Format = Literal["npz", "csv", "arff", "json", "pickle", "zipped pickle"]


@dataclass(frozen=True)
class Keys:
    """Under which names features and labels are found."""

    features: str  # of an .npz file
    labels: str
    label_column: str  # of a table; its other columns are features


@dataclass(frozen=True)
class File:
    path: Path
    keys: Keys
    name: str = ""  # what its owner calls it


@dataclass(frozen=True)
class Strange:
    """Features that are NaN, infinite, or too large for float32, which computes in their place with infinity."""

    count: int
    first: Place


@dataclass(frozen=True)
class Dataset:
    """Features and labels have their rows first; floats are float32, whole numbers stay integers."""

    format: Format
    features: np.ndarray
    labels: np.ndarray
    columns: tuple[str, ...] = ()  # names of a table's features, in order
    nominal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what an index stands for
    label_column: str = ""  # of a table
    strange: Strange | None = None
