"""Files of every format in a few words, and what becomes of them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnt_datasets import Dataset, DatasetError, File, Keys, Limits, Means, read

KEYS = Keys("x", "y", "label")
FIXTURES = Path(__file__).parents[1] / "fixtures" / "datasets"
MIB = 2**20


def means(folder: Path, array_bytes: int = 64 * MIB, whole_bytes: int = 8 * MIB) -> Means:
    return Means(Limits(array_bytes, whole_bytes), folder)


def written(folder: Path, content: str | bytes, name: str = "data") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def loaded(folder: Path, content: str | bytes, keys: Keys = KEYS, **limits: int) -> Dataset:
    return read(File(written(folder, content), keys), means(folder, **limits))


def types(dataset: Dataset) -> tuple[str, str]:
    return str(dataset.features.dtype), str(dataset.labels.dtype)


def refused(folder: Path, content: str | bytes, keys: Keys = KEYS, **limits: int) -> DatasetError:
    with pytest.raises(DatasetError) as wrong:
        loaded(folder, content, keys, **limits)
    assert wrong.value.part == "train"
    return wrong.value


def refusal(folder: Path, content: str | bytes, keys: Keys = KEYS, **limits: int) -> str:
    """The sentence, without the part it begins with."""
    text = str(refused(folder, content, keys, **limits))
    assert len(text) < 500
    return text.removeprefix("Training data").removeprefix(": ").removeprefix(", ")


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(content, **arrays)
    return content.getvalue()


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in members:
            archive.writestr(name, member)
    return content.getvalue()
