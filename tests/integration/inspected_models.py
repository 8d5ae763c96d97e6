"""Simulations whose model is to be inspected: rows as the server writes them."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnt_deployer.launchers.base import Exit, Handle
from nnt_deployer.launchers.local import LocalLauncher
from nnt_deployer.model_inspection_store import ModelInspectionStore
from nnt_deployer.model_inspector import ModelInspector
from nnt_deployer.process_spec import ANSWER_FILE
from tests.conftest import FIXTURES, ROOT
from tests.integration.conftest import MakeStore

MODEL: dict[str, Any] = json.loads((FIXTURES / "appendix_d_model.json").read_text())
ANSWER = (ROOT / "contract" / "examples" / "model_report.json").read_text()

Ask = Callable[..., str]


def handle_of(inspection_id: str) -> Handle:
    return Handle.of_inspection(inspection_id)


@pytest.fixture
def ask(query) -> Ask:
    """Asks for the inspection of a model, and returns its id."""

    def write(model: dict[str, Any] = MODEL, backend: str = "tensorflow") -> str:
        inspection_id = hashlib.sha256(json.dumps([backend, model]).encode()).hexdigest()
        query(
            "INSERT INTO model_inspections (id, model, backend) VALUES (%s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET asked_at = clock_timestamp()",
            inspection_id,
            json.dumps(model),
            backend,
        )
        return inspection_id

    return write


@pytest.fixture
def make_waiting(make_simulation, query, ask) -> Callable[..., tuple[uuid.UUID, str]]:
    """A simulation and the inspection that it waits for."""

    def make(model: dict[str, Any] = MODEL) -> tuple[uuid.UUID, str]:
        sim_id, inspection_id = make_simulation(), ask(model)
        query(
            "UPDATE experiments SET model_inspection_id = %s"
            " WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)",
            inspection_id,
            sim_id,
        )
        return sim_id, inspection_id

    return make


@pytest.fixture
def stores(make_store: MakeStore) -> Callable[[], ModelInspectionStore]:
    return lambda: make_store(ModelInspectionStore)


@pytest.fixture
def store(stores) -> ModelInspectionStore:
    made: ModelInspectionStore = stores()
    return made


@pytest.fixture
def make_inspector(settings, stores, launcher) -> Callable[..., ModelInspector]:
    """Each as if in another process, with processes that are entries of a dictionary; arguments replace settings."""
    return lambda **changes: ModelInspector(settings.model_copy(update=changes), stores(), launcher)


@pytest.fixture
def inspector(make_inspector) -> ModelInspector:
    made: ModelInspector = make_inspector()
    return made


@pytest.fixture
def real_inspector(settings, store) -> Iterator[ModelInspector]:
    """With the program itself."""
    yield ModelInspector(settings, store)
    launcher = LocalLauncher(settings.processes_dir)
    for handle in launcher.known():
        launcher.kill(handle)


@pytest.fixture
def folder_of(settings) -> Callable[[str], Path]:
    return lambda inspection_id: settings.model_inspections_dir / inspection_id


@pytest.fixture
def answer(launcher, folder_of) -> Callable[..., None]:
    """Has the process of an inspection end with that answer."""

    def write(inspection_id: str, text: str = ANSWER, code: int = 0) -> None:
        (folder_of(inspection_id) / ANSWER_FILE).write_text(text)
        launcher.end(handle_of(inspection_id), Exit(code=code))

    return write


@pytest.fixture
def found(query) -> Callable[[str], dict[str, Any]]:
    """The row of an inspection."""

    def read(inspection_id: str) -> dict[str, Any]:
        [(row,)] = query("SELECT to_jsonb(i) FROM model_inspections i WHERE id = %s", inspection_id)
        return dict(row)

    return read
