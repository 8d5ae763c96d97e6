"""One installation for all tests, on a real engine."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests import docker_engine
from tests.compose.installation import Installation, Visitor
from tests.conftest import ROOT, require


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    with docker_engine.reached() as client:
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
