"""The worker that fetches datasets: killed, busy for long, and kept from Docker and from secrets."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from nnt_deployer import doorbell
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.reconciler import ring_for_fetches
from nnt_deployer.settings import DataWorkerSettings
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import ROOT, wait_for
from tests.integration.fetches import (
    CONTENT,
    SHA256,
    Slow,
    fetch_stores,
    files,
    folder,
    make_waiting,
    parts_of,
    store,
    web,
)

__all__ = ["fetch_stores", "folder", "make_waiting", "store", "web"]


class Worker:
    """A data worker as the Procfile starts it, with one process."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "nnt_deployer.data_worker"),
                    *("worker", "--concurrency", "1", "--loglevel", "info"),
                    *("--without-mingle", "--without-gossip"),
                ],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def kill(self) -> None:
        """All of its processes at once."""
        main = psutil.Process(self.process.pid)
        killed = [main, *main.children(recursive=True)]
        for process in killed:
            process.kill()
        self.process.wait()
        psutil.wait_procs(killed, timeout=10)


@pytest.fixture
def start_worker(settings, tmp_path, folder) -> Iterator[Callable[[], Worker]]:
    """With a watchdog that is impatient, and no setting but those it needs."""
    told = {
        "NNT_DATABASE_URL": settings.database_url.get_secret_value(),
        "NNT_REDIS_URL": settings.redis_url.get_secret_value(),
        "NNT_DATA_DIR": str(tmp_path),
        "NNT_WATCHDOG_S": "1",
        "NNT_FETCH_ALLOWED_HOSTS": '["localhost"]',
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("NNT_")}
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(others | told, tmp_path / "worker.log"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def test_a_killed_workers_fetch_is_taken_up_again_and_its_half_file_goes(
    web, settings, store, make_waiting, start_worker, query, folder
):
    slow = Slow(web)
    sim_id = make_waiting(train=web.serve("/train", slow))
    celery = create_celery(settings)
    first = start_worker()
    ring_for_fetches(store, celery)
    assert slow.began.wait(30)
    wait_for(lambda: files(folder), "a half file")
    assert store.due() == []
    first.kill()
    [half] = files(folder)
    assert half.name.startswith(".incoming-")
    slow.go_on.set()

    def fetched() -> bool:
        ring_for_fetches(store, celery)
        return parts_of(query, sim_id)[0] == SHA256

    start_worker()
    wait_for(fetched, "the fetch to be taken up again", 30)
    assert files(folder) == [dataset_path(folder, SHA256)]


def test_a_half_file_goes_with_the_next_start_also_when_nobody_waits_any_more(start_worker, folder):
    (folder / ".incoming-fetch-7").touch()
    start_worker()
    wait_for(lambda: not files(folder), "the file to be removed")


def test_a_worker_that_fetches_for_long_while_bells_wait_is_not_taken_for_a_dead_one(
    web, settings, store, make_waiting, start_worker, query
):
    slow = Slow(web)
    make_waiting(train=web.serve("/slow", slow))
    celery = create_celery(settings)
    worker = start_worker()
    ring_for_fetches(store, celery)
    assert slow.began.wait(30)
    second = make_waiting(train=web.serve("/train", CONTENT))
    ring_for_fetches(store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 1
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(3)  # three times the watchdog's patience
    slow.go_on.set()
    wait_for(lambda: parts_of(query, second)[0] == SHA256, "the second to be fetched")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0


# Who may reach what


def imported_by(module: str) -> set[str]:
    """Every module of ours that is there once this one is."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, {module}; print(*(m for m in sys.modules if m.startswith('nnt_')))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(said.stdout.split())


@pytest.mark.parametrize(
    "module", ["conductor", "tasks", "worker", "reconciler", "app", "shutdown"]
)
def test_what_reaches_docker_fetches_nothing(module):
    assert not {name for name in imported_by(f"nnt_deployer.{module}") if "fetching" in name}


def test_what_fetches_does_not_reach_docker_and_needs_no_secret(database, redis_url, tmp_path):
    found = imported_by("nnt_deployer.data_worker")
    assert "nnt_deployer.fetching.fetcher" in found
    assert not {name for name in found if "launcher" in name or "conductor" in name}
    DataWorkerSettings(
        database_url=SecretStr(database), redis_url=SecretStr(redis_url), data_dir=tmp_path
    )
    assert not {"token_secret", "service_token"} & DataWorkerSettings.model_fields.keys()
