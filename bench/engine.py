"""The Docker engine of this machine, and what benchmarks run in it besides simulations."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from docker import DockerClient
from docker.errors import ImageNotFound
from docker.types import Mount

from bench.script import NAME, Script
from scripts.up.settings import ROOT

NO_ENGINE = "no Docker engine"
_IMAGE = "nnt-simulation"
_PYTHON = "/opt/nnt/bin/python"
SOCKET = Path("/var/run/docker.sock")
_RELAY_PORT = 6000
RELAY_URL = f"http://parser:{_RELAY_PORT}"  # as simulations know it
_RELAY = ROOT / "bench" / "programs" / "relay.py"


class Engine:
    def __init__(self, client: DockerClient) -> None:
        self._client = client

    @property
    def gateway(self) -> str:
        """The address by which a container reaches this machine."""
        network = self._client.networks.get("bridge")
        return str(network.attrs["IPAM"]["Config"][0]["Gateway"])

    @contextmanager
    def relay(self, port: int) -> Iterator[str]:
        """A container that stands for what listens at that port of the gateway; its id."""
        mount = Mount("/relay.py", str(_RELAY), type="bind", read_only=True)
        command = [_PYTHON, "/relay.py", str(_RELAY_PORT), self.gateway, str(port)]
        container = self._client.containers.run(_IMAGE, command, mounts=[mount], detach=True)
        try:
            yield str(container.id)
        finally:
            container.remove(force=True)

    def run_script(self, script: Script) -> None:
        """As `docker run --rm` does; returns when the container is gone."""
        folder = str(script.folder)
        self._client.containers.run(
            _IMAGE,
            [_PYTHON, NAME, *script.arguments],
            mounts=[Mount(folder, folder, type="bind")],
            working_dir=folder,
            user="0:0",
            remove=True,
        )


@contextmanager
def engine() -> Iterator[Engine | str]:
    """The engine; where there is none, why."""
    if not answers(SOCKET):
        yield NO_ENGINE
        return
    with closing(DockerClient(f"unix://{SOCKET}")) as client:
        try:
            client.images.get(_IMAGE)
        except ImageNotFound:
            yield f"no image {_IMAGE}"
            return
        yield Engine(client)


def answers(path: Path) -> bool:
    """Whether somebody listens there; to be known before the SDK is asked, which leaves its socket open otherwise."""
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True
