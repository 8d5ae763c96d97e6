"""The data worker as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT


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
