"""How much memory a collection of a large network takes on its way, in each process that it passes."""

import time
import uuid
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2

from bench.measurement import Benchmark, Bound, Comparison, Measurement, Side
from bench.memory import HighWater, PrivateMemory
from bench.networks import APPENDIX_D, Network
from bench.sender import sender
from bench.services import Services, running_services
from bench.trainings import Training, make_run

_LARGE, _QUICK = Network((5000, 10_000, 5000, 10)), Network((1250, 2000, 1250, 10))
_ROWS, _EPOCHS = 64, 2
_STORED_DEADLINE_S = 600
_MIB = 2**20


def run(quick: bool) -> Measurement:
    network = _QUICK if quick else _LARGE
    with running_services() as services:
        with sender(services, APPENDIX_D) as ours:  # whoever idles has worked before
            ours.send()
            ours.send()
        plain = Training("bench.programs.plain", services, _folder(services, network)).peak
        parser = HighWater(services.processes["parser"])
        worker = HighWater(services.processes["parser-worker"])
        with PrivateMemory(services.processes["postgres"]) as backend:
            folder = _folder(services, network)
            tracked = Training("nnt_simulation", services, folder).peak
            _wait_until_stored(services, folder)
        grown = {
            "parser": (parser.idle, parser.added()),
            "worker": (worker.idle, worker.added()),
            "PostgreSQL backend": (backend.idle, backend.added()),
            "simulation": (plain, tracked - plain),
        }
    beside = {
        name: _compare(network, "untracked" if name == "simulation" else "idle", idle, added)
        for name, (idle, added) in grown.items()
    }
    worst = max(beside.values(), key=lambda comparison: comparison.value)
    return Measurement(value=worst.value, sides=worst.sides, beside=beside)


def _compare(network: Network, before: str, idle: int, added: int) -> Comparison:
    sides = {
        "added at the peak": added,
        before: idle,
        "the collection": network.bytes,
    }
    return Comparison(
        value=added / network.bytes,
        sides={
            name: Side(unit="MiB", samples=[round(size / _MIB, 1)]) for name, size in sides.items()
        },
    )


def _folder(services: Services, network: Network) -> Path:
    random = np.random.default_rng(7)
    features = random.random((_ROWS, network.units[0]), dtype=np.float32)
    labels = random.integers(0, network.units[-1], _ROWS)
    return make_run(services, network.keras_json(), features, labels, _EPOCHS)


def _wait_until_stored(services: Services, folder: Path) -> None:
    sim_id = uuid.UUID(folder.name)
    deadline = time.monotonic() + _STORED_DEADLINE_S
    with closing(psycopg2.connect(services.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT FROM collections WHERE sim_id = %s", (sim_id,))
                if cursor.rowcount == _EPOCHS:
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{cursor.rowcount} of {_EPOCHS} collections were stored")
                time.sleep(0.1)


BENCHMARK = Benchmark(
    name="large_collection",
    question="How many times its own size does a large collection take in memory, on its way from training to disk?",
    how=f"""
A simulation of {_LARGE} is trained for {_EPOCHS} epochs with Adam and reports both to the running services
(`--quick`: {_QUICK}). Of the parser (gunicorn and its worker) and of the Celery worker (with its child), the
kernel's own high-water mark of resident memory, reset before the training, above what they had then, idle after
two small collections. Of PostgreSQL, the backend that grows most, its private memory looked at every 5 ms,
without shared buffers. Of the simulation, the high-water mark above that of the same training untracked, by a
plain `model.fit`. Value: the worst of the four by the bytes of one collection.
""",
    unit="times the collection's bytes",
    bound=Bound(at_most=3),
    run=run,
)
