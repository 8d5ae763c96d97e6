"""The way of an upload: the real form of the server, then, if that accepts it, the real simulation."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import psycopg2
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from nnt_contract.environment import EXIT_FAILED, RUN_FILE
from nnt_contract.part import Part
from nnt_deployer import process_spec
from nnt_deployer.dataset_path import dataset_path
from scripts.up.postgres import Cluster
from tests.hostile.payloads import data, dumped, honest_model
from tests.server.conftest import alice, doorbell, form, site
from tests.server.test_new_simulation import HTMX, errors_in
from tests.simulation.conftest import one_thread, parser

__all__ = ["alice", "doorbell", "form", "one_thread", "parser", "site"]

from nnt_server.simulations.models import Dataset, Experiment, Simulation

Told = Callable[..., str]


@pytest.fixture(scope="session")
def _shared_database(postgres: Cluster, template: str) -> str:
    with closing(psycopg2.connect(postgres.url("postgres"))) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE hostile_tests OWNER nnt TEMPLATE {template}")
    return postgres.url("hostile_tests", "nnt")


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> Iterator[None]:
    call_command("collectstatic", interactive=False, verbosity=0)
    yield
    shutil.rmtree(settings.NNT.data_dir, ignore_errors=True)


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that payloads make when they are run; the test fails if it is there."""
    path = tmp_path_factory.mktemp("mine") / "canary"
    yield path
    assert not path.exists(), "the payload was run"


@pytest.fixture
def told(alice, site, doorbell, form, parser, canary, tmp_path_factory, monkeypatch) -> Told:
    """What its sender is told about an upload, which must be refused or fail, and leave nothing behind."""
    run_folder = tmp_path_factory.mktemp("run")
    monkeypatch.chdir(site / "datasets")  # a path that leads out of it ends where we look

    def send(**fields: Any) -> str:
        honest = {f"{part}_file": data() for part in ("train", "validation", "test")}
        for name, content in {"model": dumped(honest_model()), **honest}.items():
            fields[name] = SimpleUploadedFile(name, fields.get(name, content))
        around = _files(site.parent)
        answer = alice.post(reverse("new_simulation"), form(**fields), headers=HTMX)
        assert _files(Path(settings.FILE_UPLOAD_TEMP_DIR)) == set()
        if answer.status_code == 422:
            assert not Simulation.objects.exists() and not Dataset.objects.exists()
            assert not Experiment.objects.exists() and _files(site.parent) == around
            return " ".join(errors_in(answer.content.decode()).values())
        assert answer.headers["HX-Redirect"] == reverse("simulation_list")
        text = _failure(run_folder, site / "datasets", parser)
        kept = {
            dataset_path(site / "datasets", dataset.sha256) for dataset in Dataset.objects.all()
        }
        assert _files(site.parent) == around | kept | _files(run_folder)
        return text

    return send


def _failure(folder: Path, datasets_dir: Path, parser: Any) -> str:
    """What the one simulation there is fails with, started as the deployer does."""
    from tests.simulation.builders import run_attempt  # imports Keras

    simulation = Simulation.objects.select_related("experiment").get()
    parts: tuple[Part, ...] = get_args(Part)
    wanted = process_spec.Simulation(
        id=simulation.id,
        attempt=1,
        model=simulation.model,
        configuration=simulation.configuration,
        dataset_hashes={
            part: getattr(simulation.experiment, f"{part}_dataset_id") for part in parts
        },
        seed=1,
        threads=1,
    )
    run = process_spec.simulation_run(wanted, datasets_dir)
    (folder / RUN_FILE).write_text(run.model_dump_json())
    assert run_attempt(folder, parser.url) == EXIT_FAILED
    assert {path.name for path in folder.iterdir()} <= {RUN_FILE, "outbox", "checkpoint"}
    (error,) = parser.errors
    return str(error)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir() or os.path.islink(path)}
