"""What every ring of tests stands on: a real PostgreSQL and Redis, and a fresh migrated database for each test."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import psycopg2
import psycopg2.extras
import pytest
import redis as redis_client

from scripts.free_port import free_port
from scripts.up import redis as embedded_redis
from scripts.up.postgres import Cluster

ROOT = Path(__file__).resolve().parents[1]
psycopg2.extras.register_uuid()
FIXTURES = ROOT / "tests" / "fixtures"
T = TypeVar("T")
_TEMPLATE = "nnt_template"
_REQUIRED = os.environ.get("NNT_REQUIRE", "").split(",")

# The cheapest tests first. What joins services, kills them, drives a browser or needs an engine comes last, so ordered.
_LATER = ("integration", "faults", "e2e", "compose")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_ring)


def _ring(item: pytest.Item) -> int:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    return _LATER.index(folder) + 1 if folder in _LATER else 0


def wait_for(condition: Callable[[], T], what: str, seconds: float = 30) -> T:
    """The first true value of the condition; fails the test when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.02)
    return value


def require(component: str, reason: str) -> None:
    """Skips the test for this reason, or fails it where NNT_REQUIRE names the component."""
    if component in _REQUIRED:
        pytest.fail(f"{component} is required here: {reason}")
    pytest.skip(reason)


class Postgres(Protocol):
    def url(self, database: str, user: str = ..., password: str | None = ...) -> str: ...


@dataclass(frozen=True)
class GivenPostgres:
    """A server that runs already, say one with TimescaleDB; NNT_TEST_POSTGRES is the URL of its superuser."""

    server: str

    def url(self, database: str, user: str = "", password: str | None = None) -> str:
        return f"{self.server}/{database}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the test run's own; durability is left out, the rest is as in production."""
    if given := os.environ.get("NNT_TEST_POSTGRES"):
        yield GivenPostgres(given)
        return
    folder = Path(tempfile.mkdtemp(prefix="nnt-postgres-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "data", free_port(), "test")
    cluster.initialise()
    process = subprocess.Popen(
        [
            *cluster.command,
            "-c",
            "fsync=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "max_connections=300",
        ],
        user=cluster.system_user,
        group=cluster.system_user,
        extra_groups=[] if cluster.system_user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        cluster.wait_until_ready()
        cluster.ensure_database("nnt", "test")
        yield cluster
    finally:
        process.send_signal(signal.SIGINT)  # a polite end would wait for every client to leave
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database migrated once, of which every test gets a copy."""
    _execute(postgres, f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)")
    _execute(postgres, f"CREATE DATABASE {_TEMPLATE} OWNER nnt")
    subprocess.run(
        [
            sys.executable,
            str(ROOT / "server" / "manage.py"),
            "migrate",
            "--verbosity",
            "0",
            "--skip-checks",
        ],
        check=True,
        env=os.environ
        | {
            "NNT_DATABASE_URL": postgres.url(_TEMPLATE, "nnt"),
            "NNT_SECRET_KEY": "x" * 50,
            "NNT_SERVICE_TOKEN": "s" * 32,
            "NNT_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        },
    )
    # A template with users cannot be copied, and TimescaleDB's scheduler is one that comes again and again.
    _execute(postgres, f"ALTER DATABASE {_TEMPLATE} ALLOW_CONNECTIONS false")
    _execute(
        postgres,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
        _TEMPLATE,
    )
    return _TEMPLATE


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(postgres, f"CREATE DATABASE {name} OWNER nnt TEMPLATE {template} STRATEGY file_copy")
    yield postgres.url(name, "nnt")
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="nnt-redis-"))
    port = free_port()
    process = subprocess.Popen(
        embedded_redis.write_configuration(folder, port, "test"), stdout=subprocess.DEVNULL
    )
    url = f"redis://:test@127.0.0.1:{port}/0"
    try:
        embedded_redis.wait_until_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture
def redis_url(_redis_server: str) -> Iterator[str]:
    """The URL of an empty Redis."""
    yield _redis_server
    with redis_client.Redis.from_url(_redis_server) as client:
        client.flushall()


def _execute(cluster: Postgres, statement: str, *values: object) -> None:
    connection = psycopg2.connect(cluster.url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    connection.close()


MakeSimulation = Callable[..., uuid.UUID]


@pytest.fixture
def make_simulation(database: str) -> MakeSimulation:
    """Inserts a simulation as the server does; keyword arguments replace its columns."""

    def make(**columns: object) -> uuid.UUID:
        sim_id = uuid.uuid4()
        configuration = {
            "total_epochs": 3,
            "learning_rate": 0.01,
            "optimizer": {"name": "adam"},
            "loss_function": {
                "name": "SparseCategoricalCrossentropy",
                "conf": {"from_logits": True},
            },
            **{part: {"features": "x", "labels": "y"} for part in ("train", "validation", "test")},
        }
        row = {
            "id": sim_id,
            "experiment": uuid.uuid4(),
            "name": "a simulation",
            "model": json.dumps({"class_name": "Sequential", "config": {"layers": []}}),
            "configuration": json.dumps(configuration),
            "seed": 7,
            "expected_collections": 3,
            "status": "queued",
            "wanted": "running",
            "attempt": 0,
            "sha256": "0" * 64,
            **columns,
        }
        with (
            closing(psycopg2.connect(database)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_SIMULATION, row)
        return sim_id

    return make


_SIMULATION = """
INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined)
VALUES (1, 'alice', '', false, false, true, '', '', '', now()) ON CONFLICT DO NOTHING;
INSERT INTO datasets (sha256, bytes) VALUES (%(sha256)s, 1) ON CONFLICT DO NOTHING;
INSERT INTO experiments (id, owner_id, name, train_dataset_id, validation_dataset_id, test_dataset_id)
VALUES (%(experiment)s, 1, %(name)s, %(sha256)s, %(sha256)s, %(sha256)s);
INSERT INTO simulations (id, experiment_id, owner_id, name, wanted, model, configuration, seed,
                         expected_collections, status, attempt)
VALUES (%(id)s, %(experiment)s, 1, %(name)s, %(wanted)s, %(model)s, %(configuration)s, %(seed)s,
        %(expected_collections)s, %(status)s, %(attempt)s);
"""


@pytest.fixture
def query(database: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Runs a statement in the test's database and returns its rows."""
    with closing(psycopg2.connect(database)) as connection:
        connection.autocommit = True

        def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """scikit-learn's digits at 28x28, as the files a user has: part -> .npz, and the report's own model."""
    from sklearn.datasets import load_digits

    data = load_digits()
    enlarged = np.kron(data.images / 16, np.ones((1, 3, 3)))
    images = np.pad(enlarged, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    folder = tmp_path_factory.mktemp("digits")
    parts = {"train": slice(0, 1200), "val": slice(1200, 1500), "test": slice(1500, None)}
    files = {"model": FIXTURES / "appendix_d_model.json"}
    for part, rows in parts.items():
        files[part] = folder / f"{part}.npz"
        np.savez(files[part], **{f"x_{part}": images[rows], f"y_{part}": data.target[rows]})
    return files
