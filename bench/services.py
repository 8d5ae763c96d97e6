"""The services a collection passes through, started with the product's own commands and ended afterwards."""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg2
import psycopg2.extras

from nnt_contract import tokens
from nnt_contract.tokens import RunToken
from scripts.free_port import free_port
from scripts.up import redis
from scripts.up.postgres import Cluster
from scripts.up.processes import procfile_programs
from scripts.up.secrets import Secrets
from scripts.up.settings import ROOT, UpSettings, default_data_dir, service_environment

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

ATTEMPT = 1
_START_DEADLINE_S = 60
_STOP_DEADLINE_S = 20


@dataclass(frozen=True)
class Services:
    folder: Path
    database_url: str
    parser_url: str
    environment: Mapping[str, str]
    processes: Mapping[str, psutil.Process]  # by the name in the Procfile, and "postgres"
    _token_secret: str

    def token(self, sim_id: uuid.UUID) -> str:
        return tokens.mint(self._token_secret, RunToken(sim_id, ATTEMPT))

    def make_simulation(self, expected_collections: int = 1000) -> uuid.UUID:
        """The rows that the server and the deployer write before a simulation starts."""
        row = {
            "id": uuid.uuid4(),
            "experiment": uuid.uuid4(),
            "expected": expected_collections,
            "json": json.dumps({}),
            "attempt": ATTEMPT,
        }
        with (
            closing(psycopg2.connect(self.database_url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_SIMULATION, row)
        return uuid.UUID(str(row["id"]))


@contextmanager
def running_services() -> Iterator[Services]:
    """A PostgreSQL that keeps what it was told, a Redis, a migrated database, and the parser with its workers."""
    with ExitStack() as stack:
        folder = stack.enter_context(data_folder())
        settings, secrets = _settings(folder), Secrets()
        environment = service_environment(settings, secrets)
        cluster = Cluster(folder / "postgres", settings.postgres_port, secrets.postgres_password)
        cluster.initialise()
        processes = {}

        def start(name: str, command: Sequence[str], user: str | None = None) -> None:
            process = _process(name, command, environment, folder, user)
            processes[name] = stack.enter_context(process)

        start("postgres", cluster.command, cluster.system_user)
        command = redis.write_configuration(
            folder / "redis", settings.redis_port, secrets.redis_password
        )
        start("redis", command)
        cluster.wait_until_ready()
        cluster.ensure_database("nnt", secrets.postgres_password)
        redis.wait_until_ready(environment["NNT_REDIS_URL"])
        manage = [sys.executable, str(ROOT / "server" / "manage.py")]
        subprocess.run([*manage, "migrate", "--verbosity", "0"], check=True, env=environment)
        for program in procfile_programs((ROOT / "Procfile").read_text(), environment):
            if program.name.startswith("parser"):
                start(program.name, program.command)
        _wait_for(f"{environment['NNT_PARSER_URL']}/healthz")
        yield Services(
            folder,
            environment["NNT_DATABASE_URL"],
            environment["NNT_PARSER_URL"],
            environment,
            processes,
            secrets.token_secret,
        )


@contextmanager
def data_folder() -> Iterator[Path]:
    """On the disk that the product uses, and passable for PostgreSQL's own user."""
    parent = default_data_dir()
    parent.mkdir(parents=True, exist_ok=True)
    parent.chmod(0o711)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "logs").mkdir()
        yield folder


def _settings(folder: Path) -> UpSettings:
    return UpSettings(
        data_dir=folder,
        bind_host="127.0.0.1",
        postgres_port=free_port(),
        redis_port=free_port(),
        parser_port=free_port(),
        database_url=None,
        redis_url=None,
    )


@contextmanager
def _process(
    name: str, command: Sequence[str], environment: dict[str, str], folder: Path, user: str | None
) -> Iterator[psutil.Process]:
    with (folder / "logs" / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    while True:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


_SIMULATION = """
INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined)
VALUES (1, 'bench', '', false, false, true, '', '', '', now()) ON CONFLICT DO NOTHING;
INSERT INTO datasets (sha256, bytes) VALUES (repeat('0', 64), 1) ON CONFLICT DO NOTHING;
INSERT INTO experiments (id, owner_id, name, train_dataset_id, validation_dataset_id, test_dataset_id)
VALUES (%(experiment)s, 1, 'bench', repeat('0', 64), repeat('0', 64), repeat('0', 64));
INSERT INTO simulations (id, experiment_id, owner_id, name, wanted, status, attempt, model, configuration, seed,
                         expected_collections)
VALUES (%(id)s, %(experiment)s, 1, 'bench', 'running', 'running', %(attempt)s, %(json)s, %(json)s, 7, %(expected)s);
"""
