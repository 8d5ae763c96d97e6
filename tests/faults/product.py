"""A running product as a fault test sees it: simulations to launch, rows to compare, services to kill."""

import hashlib
import json
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import psycopg2.extras
from psycopg2 import sql

from nnt_contract import tokens
from nnt_contract.environment import OUTBOX, PARSER_URL, RUN_DIR, RUN_FILE, RUN_TOKEN
from nnt_contract.part import Part
from nnt_contract.simulation_config import (
    Configuration,
    KerasChoice,
    NpzKeys,
    SimulationRun,
    collected_epochs,
)
from nnt_contract.status import Wanted
from nnt_contract.tokens import RunToken
from nnt_contract.updates import (
    FRAME_START,
    FRAME_TYPE,
    Collection,
    Finish,
    frame_head,
    header_length,
    parse_header,
)
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.launchers import shim
from nnt_deployer.launchers.base import Handle, ProcessSpec
from nnt_deployer.launchers.local import LocalLauncher
from tests.conftest import wait_for
from tests.faults.networks import Network
from tests.faults.services import Services
from tests.platform import Platform
from tests.stored_rows import Stored, stored_rows

psycopg2.extras.register_uuid()

EPOCHS = 26
_CONFIGURATION = Configuration(
    total_epochs=EPOCHS,
    batch_size=8,  # many small steps: an epoch lasts long enough to be disturbed
    learning_rate=0.001,
    optimizer=KerasChoice(name="adam"),
    loss_function=KerasChoice(name="SparseCategoricalCrossentropy", conf={"from_logits": True}),
    train=NpzKeys(features="x_train", labels="y_train"),
    validation=NpzKeys(features="x_val", labels="y_val"),
    test=NpzKeys(features="x_test", labels="y_test"),
)
_FILES: dict[Part, str] = {"train": "train", "validation": "val", "test": "test"}

_DATABASE_S = 60

_INSERT = """
INSERT INTO datasets (sha256, bytes)
SELECT * FROM unnest(%(hashes)s, %(sizes)s) ON CONFLICT DO NOTHING;
INSERT INTO experiments (id, owner_id, name, train_dataset_id, validation_dataset_id, test_dataset_id)
SELECT %(id)s, min(id), %(name)s, %(train)s, %(validation)s, %(test)s FROM users;
INSERT INTO simulations (id, experiment_id, owner_id, name, model, configuration, seed,
                         expected_collections, status, attempt, threads)
SELECT %(id)s, %(id)s, min(id), %(name)s, %(model)s, %(configuration)s, %(seed)s,
       %(expected)s, %(status)s, %(attempt)s, %(threads)s FROM users;
"""


class Product(Services):
    def __init__(self, platform: Platform, digits: dict[str, Path]) -> None:
        super().__init__(platform)
        self.parser_port = int(platform.environment["NNT_PARSER_PORT"])
        self._connection: psycopg2.extensions.connection | None = None
        self._model = json.loads(digits["model"].read_text())
        self._datasets = {part: self._store(digits[name]) for part, name in _FILES.items()}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    # Simulations

    def launch(self, seed: int, **columns: object) -> uuid.UUID:
        """Inserts a simulation as the server does; the deployer's loop finds it."""
        sim_id: object = columns.get("id") or uuid.uuid4()
        assert isinstance(sim_id, uuid.UUID)
        hashes = {part: path.name for part, path in self._datasets.items()}
        row = {
            "id": sim_id,
            "name": f"seed {seed}",
            "model": json.dumps(self._model),
            "configuration": _CONFIGURATION.model_dump_json(),
            "seed": seed,
            "expected": len(collected_epochs(EPOCHS, _CONFIGURATION.epoch_period)),
            "status": "queued",
            "attempt": 0,
            "threads": None,
            "hashes": list(hashes.values()),
            "sizes": [path.stat().st_size for path in self._datasets.values()],
            **hashes,
            **columns,
        }
        self.query(_INSERT, row)
        return sim_id

    def launch_network(self, network: Network, files: Mapping[str, Path], seed: int) -> uuid.UUID:
        """A simulation of another model on other data: `files` are its datasets by part."""
        stored = {part: self._store(path) for part, path in files.items()}
        hashes = {part: path.name for part, path in stored.items()}
        configuration = network.configuration
        epochs = collected_epochs(configuration.total_epochs, configuration.epoch_period)
        return self.launch(
            seed,
            model=json.dumps(network.model),
            configuration=configuration.model_dump_json(),
            expected=len(epochs),
            hashes=list(hashes.values()),
            sizes=[path.stat().st_size for path in stored.values()],
            **hashes,
        )

    def launch_with(self, environment: Mapping[str, str], seed: int) -> uuid.UUID:
        """A simulation whose process is told what the deployer does not tell one; the deployer adopts it."""
        sim_id = uuid.uuid4()
        run_dir = self.data_dir / "runs" / str(sim_id)
        run_dir.mkdir(parents=True)
        run = SimulationRun(
            id=sim_id,
            attempt=1,
            model=self._model,
            configuration=_CONFIGURATION,
            datasets={part: str(path) for part, path in self._datasets.items()},
            seed=seed,
            threads=1,
        )
        (run_dir / RUN_FILE).write_text(run.model_dump_json())
        spec = ProcessSpec(
            Handle(sim_id, 1),
            (sys.executable, "-m", "nnt_simulation"),
            {
                RUN_DIR: str(run_dir),
                PARSER_URL: f"http://127.0.0.1:{self.parser_port}",
                RUN_TOKEN: self.run_token(sim_id),
                "HOME": str(run_dir),
                **environment,
            },
            str(run_dir),
        )
        LocalLauncher(self.data_dir / "processes").start(spec)
        return self.launch(seed, id=sim_id, status="preparing", attempt=1, threads=1)

    def run_token(self, sim_id: uuid.UUID) -> str:
        return tokens.mint(self._secrets.token_secret, RunToken(sim_id, 1))

    def post(self, update: Finish, timeout_s: float = 30) -> None:
        """Brings an update to the parser's door, as the simulation does."""
        answer = httpx.post(
            f"http://127.0.0.1:{self.parser_port}/{update.kind}",
            content=frame_head(update),
            headers={
                "Authorization": f"Bearer {self.run_token(update.sim_id)}",
                "Content-Type": FRAME_TYPE,
            },
            timeout=timeout_s,
        )
        assert answer.status_code == 202, answer.text

    def status(self, sim_id: uuid.UUID) -> tuple[str, str]:
        [(status, reason)] = self.query(
            "SELECT status, reason FROM simulations WHERE id = %s", (sim_id,)
        )
        return status, reason

    def wait_until_finished(self, *sim_ids: uuid.UUID) -> None:
        def ended() -> list[tuple[str, str]]:
            found = [self.status(sim_id) for sim_id in sim_ids]
            return found if all(status in ("finished", "failed") for status, _ in found) else []

        ends = wait_for(ended, "the simulations to end", 120)
        assert ends == [("finished", "")] * len(sim_ids), ends

    def want(self, sim_id: uuid.UUID, wanted: Wanted) -> None:
        """Says so as the server does when a user asks for it; the deployer's loop finds it."""
        self.query(
            "UPDATE simulations SET wanted = %s, wanted_at = clock_timestamp() WHERE id = %s",
            (wanted.value, sim_id),
        )

    def attempt(self, sim_id: uuid.UUID) -> int:
        [(attempt,)] = self.query("SELECT attempt FROM simulations WHERE id = %s", (sim_id,))
        return int(attempt)

    def training(self, sim_id: uuid.UUID) -> psutil.Process:
        """The process of its latest attempt."""
        return psutil.Process(json.loads((self._process(sim_id) / shim.STARTED).read_text())["pid"])

    def kill_training(self, sim_id: uuid.UUID) -> None:
        """SIGKILL to the process of its latest attempt."""
        self.training(sim_id).kill()
        wait_for((self._process(sim_id) / shim.EXITED).exists, "the record of its end")

    def _process(self, sim_id: uuid.UUID) -> Path:
        return self.data_dir / "processes" / Handle(sim_id, self.attempt(sim_id)).name

    def run_dir(self, sim_id: uuid.UUID) -> Path:
        return self.data_dir / "runs" / str(sim_id)

    def log(self, sim_id: uuid.UUID) -> str:
        """What the process of its latest attempt has printed."""
        handle = Handle(sim_id, self.attempt(sim_id))
        launcher = LocalLauncher(self.data_dir / "processes")
        return launcher.read_log(handle, 0, launcher.log_size(handle)).decode()

    # What it reported

    def arrived(self, *sim_ids: uuid.UUID) -> list[int]:
        """The epochs of the stored collections, one after the other."""
        rows = self.query(
            "SELECT epoch FROM collections WHERE sim_id = ANY(%s) ORDER BY sim_id, epoch",
            (list(sim_ids),),
        )
        return [epoch for (epoch,) in rows]

    def count_of_collections(self) -> int:
        [(count,)] = self.query("SELECT count(*) FROM collections")
        return int(count)

    def stored(self, sim_id: uuid.UUID) -> Counter[Stored]:
        return stored_rows(self.query, sim_id)

    def outbox(self, sim_id: uuid.UUID) -> list[Path]:
        """The updates that have not reached the parser, in their order."""
        folder = self.data_dir / "runs" / str(sim_id) / OUTBOX
        return sorted(path for path in folder.glob("*") if path.suffix != ".tmp")

    def spool(self, pattern: str = "*.frame") -> list[Path]:
        """The updates that have reached the parser and are not stored, or other files of its folder."""
        return list((self.data_dir / "spool").glob(pattern))

    # The database

    def kill_a_backend(self) -> None:
        """SIGKILL to one connection's process: PostgreSQL then ends all others and recovers."""
        # The oldest belongs to a process that keeps its connection.
        [(pid,)] = wait_for(
            lambda: self.query(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() ORDER BY backend_start LIMIT 1"
            ),
            "somebody to be connected",
        )
        psutil.Process(pid).kill()

    def query(self, statement: str | sql.Composable, values: Any = ()) -> list[tuple[Any, ...]]:
        """The rows; a database that was just killed is waited for."""

        def answers() -> list[list[tuple[Any, ...]]]:
            try:
                if self._connection is None:
                    self._connection = psycopg2.connect(self._database_url, connect_timeout=5)
                with self._connection as connection, connection.cursor() as cursor:
                    cursor.execute(statement, values)
                    return [cursor.fetchall() if cursor.description else []]
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.close()
                return []

        [rows] = wait_for(answers, "PostgreSQL to answer", _DATABASE_S)
        return rows

    @property
    def _database_url(self) -> str:
        port = self._environment["NNT_POSTGRES_PORT"]
        return f"postgresql://nnt:{self._secrets.postgres_password}@127.0.0.1:{port}/nnt"

    def _store(self, file: Path) -> Path:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        path = dataset_path(self.data_dir / "datasets", sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)
        return path


def epochs_in(files: Sequence[Path]) -> Iterator[int]:
    """Which epochs these updates of an outbox hold."""
    for path in files:
        with path.open("rb") as file:
            update = parse_header(file.read(header_length(file.read(FRAME_START.size))))
        if isinstance(update, Collection):
            yield update.epoch
