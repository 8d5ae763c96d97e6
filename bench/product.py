"""The whole product, started as a user starts it, and used by its API as a program uses it."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.client import NOT_FOUND
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from bench.experiment import Experiment
from bench.settings import not_ours
from scripts.free_port import free_port
from scripts.up.settings import ROOT

_READY_DEADLINE_S = 120
_STOP_DEADLINE_S = 120
_LOOK_S = 0.5  # a busier look would take a core from what is measured
_PORTS = ("SERVER", "DEPLOYER", "PARSER", "POSTGRES", "REDIS")
_READY = re.compile(r"ready: (\S+)")
_ADMINISTRATOR = re.compile(r"administrator: (\S+) +password: (\S+)")


class Product:
    def __init__(self, folder: Path, client: httpx.Client) -> None:
        self.folder = folder
        self._client = client

    def create(self, experiment: Experiment) -> UUID:
        """Presses *Create*; returns its simulation, which then waits for its turn."""
        answer = self._client.post("/api/experiments", files=experiment.parts)
        [simulation] = answer.raise_for_status().json()["simulations"]
        return UUID(simulation["id"])

    def finished(self, sim_id: UUID, deadline_s: float) -> datetime:
        """When it was finished, by its row; raises RuntimeError where it ends in another way."""
        deadline = time.monotonic() + deadline_s
        while (simulation := self._read(sim_id))["status"] != "finished":
            if simulation["ended_at"] is not None:
                raise RuntimeError(f"{sim_id} is {simulation['status']}: {simulation['reason']}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{sim_id} is {simulation['status']} after {deadline_s} s")
            time.sleep(_LOOK_S)
        return datetime.fromisoformat(simulation["ended_at"])

    def first_checkpoint(self, sim_id: UUID) -> float:
        """When the training wrote it, in seconds since 1970: after its first epoch, whose collection it had kept."""
        return (self.folder / "runs" / str(sim_id) / "checkpoint/even.checkpoint").stat().st_mtime

    def delete(self, sim_id: UUID) -> None:
        """Returns when nothing of it is left, in the engine either."""
        self._client.delete(f"/api/simulations/{sim_id}").raise_for_status()
        deadline = time.monotonic() + _STOP_DEADLINE_S
        while self._client.get(f"/api/simulations/{sim_id}").status_code != NOT_FOUND:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{sim_id} was not deleted in {_STOP_DEADLINE_S} s")
            time.sleep(_LOOK_S)

    def _read(self, sim_id: UUID) -> dict[str, Any]:
        answer = self._client.get(f"/api/simulations/{sim_id}").raise_for_status()
        read: dict[str, Any] = answer.json()
        return read


@contextmanager
def running_product(folder: Path, settings: Mapping[str, str]) -> Iterator[Product]:
    """On free ports, its data in `folder`; none of this process's own settings reaches it."""
    said = folder / "said"
    with said.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.up"],
            cwd=ROOT,
            env={**_environment(folder), **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = _when_ready(process, said)
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {_token(client, said.read_text())}"
            yield Product(folder, client)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_STOP_DEADLINE_S)


def _environment(folder: Path) -> dict[str, str]:
    ports = {f"NNT_{name}_PORT": str(free_port()) for name in _PORTS}
    return not_ours() | ports | {"NNT_DATA_DIR": str(folder)}


def _when_ready(process: "subprocess.Popen[bytes]", said: Path) -> str:
    deadline = time.monotonic() + _READY_DEADLINE_S
    while not (ready := _READY.search(said.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the product did not start:\n{said.read_text()}")
        time.sleep(0.1)
    return ready[1]


def _token(client: httpx.Client, said: str) -> str:
    administrator = _ADMINISTRATOR.search(said)
    if administrator is None:
        raise RuntimeError(f"the product named no administrator:\n{said}")
    name, password = administrator.groups()
    answer = client.post("/api/token", json={"username": name, "password": password})
    return str(answer.raise_for_status().json()["token"])
