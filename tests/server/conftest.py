"""The site on a fresh database, the people who visit it, and a deployer that remembers who rang and has logs."""

import json
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import django
import numpy as np
import psycopg2
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from pydantic import HttpUrl, SecretStr

from nnt_contract.status import Status
from scripts.up.postgres import Cluster

_DATA = Path(tempfile.mkdtemp(prefix="nnt-server-"))
SERVICE_TOKEN = "s" * 32
PASSWORD = "correct horse battery"

with pytest.MonkeyPatch.context() as _environment:
    _environment.setenv("DJANGO_SETTINGS_MODULE", "nnt_server.settings")
    _environment.setenv("NNT_DATABASE_URL", "postgresql://nobody:none@127.0.0.1:1/none")
    _environment.setenv("NNT_SECRET_KEY", "k" * 50)
    _environment.setenv("NNT_SERVICE_TOKEN", SERVICE_TOKEN)
    _environment.setenv("NNT_DATA_DIR", str(_DATA))
    django.setup()

# Models can be imported from here on only.
from nnt_server.accounts.models import User  # noqa: E402
from nnt_server.settings import django_database  # noqa: E402
from nnt_server.simulations.models import (  # noqa: E402
    ClockTimestamp,
    Dataset,
    Experiment,
    Simulation,
)


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> Iterator[None]:
    call_command("collectstatic", interactive=False, verbosity=0)
    yield
    shutil.rmtree(_DATA, ignore_errors=True)  # or other tests did


@pytest.fixture(scope="session")
def _shared_database(postgres: Cluster, template: str) -> str:
    name = f"server_{uuid.uuid4().hex}"  # tests/authority has one too
    with closing(psycopg2.connect(postgres.url("postgres"))) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} OWNER nnt TEMPLATE {template}")
    return postgres.url(name, "nnt")


@pytest.fixture
def site(_shared_database: str, tmp_path: Path) -> Iterator[Path]:
    """Makes Django use an empty database and the test's own data folder; the value is that folder."""
    with _django_on(_shared_database, tmp_path):
        yield tmp_path
        # A copy of a database per test takes ten times as long.
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY)


@pytest.fixture
def site_of_its_own(database: str, tmp_path: Path) -> Iterator[Path]:
    """Like `site`, for tests that change the schema."""
    with _django_on(database, tmp_path):
        yield tmp_path


_EMPTY = "; ".join(
    f"DELETE FROM {table}"
    for table in (
        *(
            "simulation_events",
            "simulation_usage",
            "host_usage",
            "simulation_progress",
            "epoch_values",
            "extra_metrics",
            "weights",
            "weight_statistics",
            "simulation_tags",
            "tags",
            "collections",
            "records",
            "simulations",
            "experiments",
            "model_inspections",
            "datasets",
        ),
        *("django_session", "api_tokens", "axes_accessattempt", "users"),
    )
)


@contextmanager
def _django_on(database: str, data_dir: Path) -> Iterator[None]:
    (data_dir / "datasets").mkdir()
    told = settings.NNT.model_copy(
        update={"data_dir": data_dir, "deployer_url": HttpUrl("http://127.0.0.1:1")}
    )
    with pytest.MonkeyPatch.context() as patch:
        # A browser that other tests keep open leaves an event loop in this thread; Django would refuse to work.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        connection.close()
        connection.settings_dict |= django_database(SecretStr(database))
        with override_settings(NNT=told, PASSWORD_HASHERS=_FAST_HASHERS):
            yield
        connection.close()


_FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Visitor(Client):
    """A browser in which somebody is logged in, or nobody."""

    def __init__(self, name: str | None = None, **user: Any) -> None:
        super().__init__(SERVER_NAME="localhost")
        if name is not None:
            self.user = User.objects.create_user(name, password=PASSWORD, **user)
            self.force_login(self.user)


@pytest.fixture
def anonymous(site: Path) -> Visitor:
    return Visitor()


@pytest.fixture
def alice(site: Path) -> Visitor:
    return Visitor("alice")


@pytest.fixture
def bob(site: Path) -> Visitor:
    return Visitor("bob")


@pytest.fixture
def administrator(site: Path) -> Visitor:
    return Visitor("root", is_staff=True)


@dataclass
class Doorbell:
    """An HTTP server in the deployer's place. What it is asked for is `model`, or is answered from `log`, in parts."""

    answer: int = 202
    log: str = ""
    part_characters: int = 1_000_000
    model: bytes | None = b"a trained network"
    bytes_lost: int = 0  # of the model, on its way
    asked: list[dict[str, str]] = field(default_factory=list)
    rings: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def part(self, asked: dict[str, str]) -> dict[str, Any]:
        """As the deployer answers; its cursor is a position here."""
        self.asked.append(asked)
        end = len(self.log)
        if "tail" in asked:
            lines = self.log.splitlines(keepends=True)[-int(asked["tail"]) :]
            return {"text": "".join(lines), "after": f"1.{end}", "more": False}
        start = int(asked["after"].partition(".")[2] or 0)
        stop = min(start + self.part_characters, end)
        return {"text": self.log[start:stop], "after": f"1.{stop}", "more": stop < end}


@pytest.fixture
def doorbell(site: Path) -> Iterator[Doorbell]:
    bell = Doorbell()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            bell.rings.append((self.command, self.path, json.loads(body) if body else None))
            bell.tokens.add(self.headers.get("Authorization"))
            self.send_response(bell.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_DELETE = do_POST

        def do_GET(self) -> None:
            bell.tokens.add(self.headers.get("Authorization"))
            asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            status = 200 if bell.answer < 400 else bell.answer
            if urlsplit(self.path).path.endswith("/model"):
                content = bell.model or b""
                status = 404 if bell.model is None else status
            else:
                content = json.dumps(bell.part(asked)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - bell.bytes_lost])

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = HttpUrl(f"http://127.0.0.1:{server.server_port}")
    with override_settings(NNT=settings.NNT.model_copy(update={"deployer_url": url})):
        yield bell
    server.shutdown()
    thread.join()
    server.server_close()


MODEL = {
    "class_name": "Sequential",
    "config": {
        "name": "tiny",
        "layers": [{"class_name": "Dense", "config": {"name": "only", "units": 1}}],
    },
}
CONFIGURATION = {
    "batch_size": 32,
    "total_epochs": 20,
    "epoch_period": 2,
    "learning_rate": 0.01,
    "optimizer": {"name": "adam", "conf": {"beta_1": 0.9}},
    "loss_function": {"name": "SparseCategoricalCrossentropy", "conf": {"from_logits": True}},
    "train": {"features": "x_train", "labels": "y_train"},
    "validation": {"features": "x_val", "labels": "y_val"},
    "test": {"features": "x_test", "labels": "y_test"},
}


def a_simulation(owner: User, name: str = "digits", **columns: Any) -> Simulation:
    """A row as the server and the deployer would have left it; keyword arguments replace its columns."""
    dataset, _ = Dataset.objects.get_or_create(sha256="0" * 64, defaults={"bytes": 1})
    parts = {f"{part}_dataset": dataset for part in ("train", "validation", "test")}
    experiment = Experiment.objects.create(owner=owner, name=name, **parts)
    simulation = Simulation.objects.create(
        experiment=experiment,
        owner=owner,
        name=name,
        **{
            "model": MODEL,
            "configuration": CONFIGURATION,
            "seed": 7,
            "expected_collections": 11,
            **columns,
        },
    )
    simulation.refresh_from_db()
    return simulation


def arrives(simulation: Simulation, epoch: int, *metrics: float | None) -> None:
    """What the parser writes when a collection has arrived; metrics are loss, accuracy and both of validation."""
    row = [simulation.id, epoch, *metrics]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO epoch_values VALUES (%s, %s, now(), %s, %s, %s, %s)", row)
        cursor.execute(
            """
            INSERT INTO simulation_progress VALUES (%s, 1, %s, now(), %s, %s, %s, %s)
            ON CONFLICT (sim_id) DO UPDATE SET (received, epoch, time, loss, accuracy) =
                (simulation_progress.received + 1, EXCLUDED.epoch, now(), EXCLUDED.loss, EXCLUDED.accuracy)
            """,
            row,
        )


def uses(simulation: Simulation, ago_s: float = 1, **columns: Any) -> None:
    """What the deployer writes when it has looked at a process; keyword arguments replace columns."""
    row = {
        "sim_id": simulation.id,
        "attempt": 1,
        "is_running": True,
        "cpu_percent": 187.4,
        "memory_bytes": 412 * 2**20,
        "peak_memory_bytes": 500 * 2**20,
        "cpu_s": 3_725.0,
        "earlier_cpu_s": 0.0,
        "wall_s": 1_800.0,
        **columns,
    }
    _insert("simulation_usage", row | {"sampled_at": timezone.now() - timedelta(seconds=ago_s)})


def host_uses(ago_s: float = 1, **columns: Any) -> None:
    """What the deployer writes when it has looked at its machine."""
    row = {
        "host": "atlas",
        "cpus": 8,
        "cpu_percent": 62.5,
        "memory_bytes": 32 * 2**30,
        "memory_used_bytes": 8 * 2**30,
        "disk_bytes": 400 * 2**30,
        "disk_used_bytes": 100 * 2**30,
        **columns,
    }
    _insert("host_usage", row | {"sampled_at": timezone.now() - timedelta(seconds=ago_s)})


def becomes(simulation: Simulation, status: Status, reason: str = "") -> None:
    """What the deployer writes when the status changes."""
    row = {"sim_id": simulation.id, "actor": "deployer", "what": "status", "status": status.value}
    _insert("simulation_events", row | {"reason": reason})
    Simulation.objects.filter(id=simulation.id).update(
        status=status.value, reason=reason, status_changed_at=ClockTimestamp()
    )


def disappears(simulation: Simulation) -> None:
    """What the deployer does when it deletes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT delete_simulation(%s)", [simulation.id])


def _insert(table: str, row: dict[str, Any]) -> None:
    values = ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", list(row.values())
        )


def npz(**arrays: Any) -> bytes:
    content = BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


@pytest.fixture
def form() -> Callable[..., dict[str, Any]]:
    """Everything a browser sends for a new simulation; keyword arguments replace fields, None leaves one out."""

    def fill(**fields: Any) -> dict[str, Any]:
        files = {
            f"{part}_file": SimpleUploadedFile(f"{part}.npz", npz(x=np.arange(number)))
            for number, part in enumerate(("train", "validation", "test"))
        }
        sent = {
            "name": "digits",
            "model": SimpleUploadedFile("model.json", json.dumps(MODEL).encode()),
            **files,
            **{f"{part}_features": "x" for part in ("train", "validation", "test")},
            **{f"{part}_labels": "y" for part in ("train", "validation", "test")},
            "batch_size": "32",
            "total_epochs": "20",
            "epoch_period": "2",
            "learning_rate": "0.01",
            "optimizer": "adam",
            "optimizer_conf": '{"beta_1": 0.9}',
            "loss_function": "SparseCategoricalCrossentropy",
            "loss_function_conf": '{"from_logits": true}',
            **fields,
        }
        return {name: value for name, value in sent.items() if value is not None}

    return fill


def unknown() -> uuid.UUID:
    return uuid.uuid4()
