"""One installation for all tests, on a real engine."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from tests.compose.installation import SOCKET, Installation, Visitor
from tests.conftest import ROOT, require


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    if not _answers(SOCKET):
        require("docker", f"no Docker engine answers at {SOCKET}")
    with closing(docker.DockerClient(f"unix://{SOCKET}")) as client:
        yield client


@pytest.fixture(scope="session")
def images(engine: docker.DockerClient) -> None:
    """Every image that docker-compose.yml names and does not build."""
    if shutil.which("debootstrap") is None:
        require("docker", "there is no debootstrap to make the images that compose would pull")
    subprocess.run([ROOT / "tests" / "compose" / "images" / "build"], check=True)


@pytest.fixture(scope="session")
def installation(engine: docker.DockerClient, images: None) -> Iterator[Installation]:
    # A short path, which containers see too.
    folder = Path(tempfile.mkdtemp(prefix="nnt-compose-"))
    made = Installation(engine, folder)
    made.compose("build")
    try:
        made.start()
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder)


@pytest.fixture
def visitor(installation: Installation) -> Iterator[Visitor]:
    """Somebody who has just signed up."""
    made = Visitor(installation.url)
    made.sign_up()
    yield made
    made.close()


def _answers(path: str) -> bool:
    # Before the SDK is asked, which leaves a socket open where nobody answers.
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(path)
        except OSError:
            return False
    return True
