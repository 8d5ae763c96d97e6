"""docker-compose.yml as a new user runs it, on a free port, and what can be seen of it from outside."""

import json
import os
import re
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import httpx
import psutil
import psycopg2
from docker.errors import NotFound
from docker.models.containers import Container
from dotenv import dotenv_values

from bench.engine import SOCKET
from scripts.free_port import free_port
from scripts.up.settings import ROOT

_COMPOSE_IMAGE = "nnt-compose"
_DEADLINE_S = 600
_FILE_SERVER = "files.example"


class Installation:
    """A copy of the repository with an .env of its own."""

    def __init__(self, engine: docker.DockerClient, folder: Path) -> None:
        self.engine = engine
        self.folder = folder / "checkout"
        self.data_dir = folder / "data"
        self.project = f"nnt-test-{uuid.uuid4().hex[:8]}"
        port = free_port()
        self.url = f"http://localhost:{port}"
        _copy_repository(self.folder)
        subprocess.run(["make", "env"], cwd=self.folder, check=True)
        self.settings = {
            "COMPOSE_PROJECT_NAME": self.project,
            "NNT_SERVER_PORT": str(port),
            "NNT_DATA_DIR": str(self.data_dir),
            "NNT_ALLOWED_HOSTS": '["localhost"]',  # under that name, and no other
            "NNT_TICK_S": "0.5",
            "NNT_FETCH_ALLOWED_HOSTS": f'["{_FILE_SERVER}"]',
            "BASE_IMAGE": os.environ.get("BASE_IMAGE", "nnt-base:bookworm"),
        }
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in self.settings.items())

    def start(self, *options: str) -> None:
        """Returns when everything is well; raises AssertionError with what the containers say."""
        done = self.try_compose("up", "--detach", "--wait", "--wait-timeout", "180", *options)
        assert done.returncode == 0, done.stderr[-1000:] + self.compose("logs", "--tail", "20")

    def compose(self, *arguments: str) -> str:
        """What `docker compose` prints; raises AssertionError with its complaint."""
        done = self.try_compose(*arguments)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def try_compose(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*_compose_command(self.folder), *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=_DEADLINE_S
        )

    def remove(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5")
        for container in self.simulations():
            container.remove(force=True)
        for network in self.engine.networks.list(filters={"label": self._label}):
            network.remove()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    # What it looks like from outside

    def service(self, name: str) -> Container:
        return self.engine.containers.get(f"{self.project}-{name}-1")

    def simulations(self) -> list[Container]:
        return self.engine.containers.list(all=True, filters={"label": self._label})

    def simulation(self, sim_id: uuid.UUID, attempt: int = 1) -> Container | None:
        try:
            return self.engine.containers.get(f"nnt-run-{sim_id}-{attempt}")
        except NotFound:
            return None

    def networks(self, sim_id: uuid.UUID) -> list[Any]:
        return self.engine.networks.list(names=[str(sim_id)])

    def addresses(self, service: str) -> list[str]:
        """Of a container, in every network that it is in."""
        networks = self.service(service).attrs["NetworkSettings"]["Networks"].values()
        return [network["IPAddress"] for network in networks]

    def gateways(self) -> list[str]:
        """The host's addresses in Docker's networks, and its own."""
        networks = [
            network.attrs["IPAM"]["Config"] or [] for network in self.engine.networks.list()
        ]
        inside = {one["Gateway"] for config in networks for one in config if "Gateway" in one}
        outside = {
            address.address
            for addresses in psutil.net_if_addrs().values()
            for address in addresses
            if address.family is socket.AF_INET and not address.address.startswith("127.")
        }
        return sorted(inside | outside)

    @contextmanager
    def file_server(self, folder: Path) -> Iterator[str]:
        """The address of these files, where only somebody who can leave the inner network finds them."""
        container = self.engine.containers.create(
            self.settings["BASE_IMAGE"],
            ["python3", "-m", "http.server", "--directory", "/files", "80"],
            volumes={str(folder): {"bind": "/files", "mode": "ro"}},
        )
        try:
            internet = self.engine.networks.get(f"{self.project}_internet")
            internet.connect(container, aliases=[_FILE_SERVER])
            container.start()
            yield f"http://{_FILE_SERVER}"
        finally:
            container.remove(force=True)

    def query(self, statement: Any, values: Any = ()) -> list[tuple[Any, ...]]:
        [address] = self.addresses("timescaledb")
        password = dotenv_values(self.folder / ".env")["DATABASE_PASSWORD"]
        connection = psycopg2.connect(
            host=address, user="nnt", password=password, dbname="nntracker", connect_timeout=5
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    @property
    def administrator(self) -> dict[str, str]:
        said: dict[str, str] = json.loads(self.service("migrate").logs())
        return said

    @property
    def _label(self) -> str:
        return f"neural-net-tracker.installation={self.data_dir / 'processes'}"


class Visitor:
    """Somebody with a browser, and with the token that their programs show."""

    def __init__(self, url: str) -> None:
        self._browser = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
        self._api = httpx.Client(base_url=f"{url}/api", timeout=60)

    def sign_up(self) -> httpx.Response:
        name, password = f"user-{uuid.uuid4().hex[:8]}", "a long enough passphrase"
        page = self._browser.get("/accounts/sign-up/")
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {"username": name, "password1": password, "password2": password}
        answer = self._browser.post(
            "/accounts/sign-up/",
            data=form | {"csrfmiddlewaretoken": token},
            headers={"Referer": str(page.url)},
        )
        said = self._api.post("/token", json={"username": name, "password": password})
        self._api.headers["Authorization"] = f"Bearer {said.json()['token']}"
        return answer

    def create(self, configuration: Mapping[str, Any], files: Mapping[str, Path]) -> uuid.UUID:
        parts = {name: path.read_bytes() for name, path in files.items()}
        answer = self._api.post(
            "/experiments", files={**parts, "config": json.dumps(configuration).encode()}
        )
        assert answer.status_code == 201, answer.text
        [simulation] = answer.json()["simulations"]
        return uuid.UUID(simulation["id"])

    def state(self, sim_id: uuid.UUID) -> dict[str, Any]:
        return dict(self._api.get(f"/simulations/{sim_id}").raise_for_status().json())

    def ask(self, sim_id: uuid.UUID, command: str) -> None:
        self._api.post(f"/simulations/{sim_id}/{command}").raise_for_status()

    def get(self, path: str) -> httpx.Response:
        return self._api.get(path)

    def delete(self, sim_id: uuid.UUID) -> None:
        self._api.delete(f"/simulations/{sim_id}").raise_for_status()

    def close(self) -> None:
        self._browser.close()
        self._api.close()


def _compose_command(folder: Path) -> list[str]:
    """Compose as a plugin of this machine's docker, else as a container."""
    plugin = ["docker", "compose"]
    if subprocess.run([*plugin, "version"], capture_output=True).returncode == 0:
        return plugin
    reachable = ["--volume", f"{SOCKET}:{SOCKET}", "--volume", f"{folder}:{folder}"]
    return ["docker", "run", "--rm", *reachable, "--workdir", str(folder), _COMPOSE_IMAGE]


def _copy_repository(folder: Path) -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter((lambda one: (ROOT / one).is_file()), names.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
