"""Simulations that wait for datasets from a real web server."""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.fetching.download import Bounds
from nnt_deployer.fetching.fetcher import Fetcher
from tests.integration.conftest import MakeStore
from tests.web import Web, serving

BOUNDS = Bounds(max_bytes=10_000_000, seconds=30, allowed_hosts=["localhost"])
UPLOADED = "0" * 64  # the dataset of make_simulation


def npz(values: int = 1000) -> bytes:
    content = BytesIO()
    np.savez(content, x=np.arange(values))
    return content.getvalue()


CONTENT = npz()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "datasets"
    made.mkdir()
    return made


@pytest.fixture
def make_waiting(make_simulation, query) -> Callable[..., uuid.UUID]:
    """A simulation whose parts come from these URLs; keyword arguments are parts."""

    def make(**urls: str) -> uuid.UUID:
        sim_id: uuid.UUID = make_simulation()
        for part, url in urls.items():
            query(
                f"WITH x AS (UPDATE experiments SET {part}_dataset_id = NULL WHERE id ="
                " (SELECT experiment_id FROM simulations WHERE id = %s) RETURNING id)"
                " INSERT INTO dataset_fetches (experiment_id, part, url) SELECT id, %s, %s FROM x",
                sim_id,
                part,
                url,
            )
        return sim_id

    return make


@pytest.fixture
def fetch_stores(make_store: MakeStore) -> Callable[[], FetchStore]:
    return lambda: make_store(FetchStore)


@pytest.fixture
def inspections(make_store: MakeStore) -> DataInspectionStore:
    return make_store(DataInspectionStore)


@pytest.fixture
def store(fetch_stores: Callable[[], FetchStore]) -> FetchStore:
    return fetch_stores()


@pytest.fixture
def fetcher(store: FetchStore, folder: Path) -> Fetcher:
    return Fetcher(store, folder, BOUNDS)


@pytest.fixture
def status(query) -> Callable[[uuid.UUID], tuple[str, str]]:
    return lambda sim_id: query("SELECT status, reason FROM simulations WHERE id = %s", sim_id)[0]


@pytest.fixture
def want(query) -> Callable[[uuid.UUID, str], None]:
    def write(sim_id: uuid.UUID, wanted: str) -> None:
        query(
            "UPDATE simulations SET wanted = %s, wanted_at = clock_timestamp() WHERE id = %s",
            wanted,
            sim_id,
        )

    return write


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def parts_of(query, sim_id: uuid.UUID) -> tuple[str | None, ...]:
    [row] = query(
        "SELECT train_dataset_id, validation_dataset_id, test_dataset_id FROM experiments"
        " WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)",
        sim_id,
    )
    return tuple(row)


class Slow:
    """Sends a part of the content, and the rest when it is told to."""

    def __init__(self, web: Web, content: bytes = CONTENT) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()
        self._web = web
        self._content = content

    def __call__(self, request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(self._content)))
        request.end_headers()
        half = len(self._content) // 2
        request.wfile.write(self._content[:half])
        self.began.set()
        while not self.go_on.wait(0.05) and not self._web.ended.is_set():
            pass
        request.wfile.write(self._content[half:])
