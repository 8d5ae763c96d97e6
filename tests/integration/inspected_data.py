"""Simulations whose data are to be inspected: rows as the server writes them, files as uploads are kept."""

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnt_deployer.data_inspection.inspector import Inspector
from nnt_deployer.data_inspection.request import Bounds
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.dataset_path import dataset_path
from tests.datasets.builders import npz
from tests.integration.conftest import MakeStore

BOUNDS = Bounds(array_mb=64, whole_mb=8, memory_mb=512, seconds=30)
PARTS = ("train", "validation", "test")
_ROWS = np.random.default_rng(0).normal(size=(3, 20, 4))
GOOD: dict[str, bytes] = {
    part: npz(x=_ROWS[index], y=np.arange(20) % 2) for index, part in enumerate(PARTS)
}


def model(*shape: int | None) -> str:
    """Keras JSON of one that takes rows of this shape."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, *shape]}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [first]}})


def keep(folder: Path, content: bytes) -> str:
    """Under its hash, as uploads are."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = dataset_path(folder, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return sha256


@pytest.fixture
def make_uninspected(make_simulation, query, folder) -> Callable[..., uuid.UUID]:
    """A simulation with these parts, and good ones in place of the others; columns as of make_simulation."""

    def make(parts: dict[str, bytes] | None = None, **columns: object) -> uuid.UUID:
        hashes = [keep(folder, content) for content in (GOOD | (parts or {})).values()]
        sim_id: uuid.UUID = make_simulation(sha256=hashes[0], **{"model": model(4)} | columns)
        for sha256 in hashes:
            query(
                "INSERT INTO datasets (sha256, bytes) VALUES (%s, 1) ON CONFLICT DO NOTHING", sha256
            )
        query(
            "WITH x AS (UPDATE experiments SET train_dataset_id = %s, validation_dataset_id = %s,"
            " test_dataset_id = %s WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)"
            " RETURNING id) INSERT INTO data_inspections (experiment_id) SELECT id FROM x",
            *hashes,
            sim_id,
        )
        return sim_id

    return make


@pytest.fixture
def stores(make_store: MakeStore) -> Callable[[], DataInspectionStore]:
    return lambda: make_store(DataInspectionStore)


@pytest.fixture
def store(stores: Callable[[], DataInspectionStore]) -> DataInspectionStore:
    return stores()


@pytest.fixture
def inspector(store: DataInspectionStore, folder: Path) -> Inspector:
    return Inspector(store, folder, BOUNDS)


@pytest.fixture
def status(query) -> Callable[[uuid.UUID], tuple[str, str, int]]:
    """What became of it, why, and how often a process was started."""
    return lambda sim_id: query(
        "SELECT status, reason, attempt FROM simulations WHERE id = %s", sim_id
    )[0]
