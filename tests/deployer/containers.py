"""A launcher on this machine's engine, and programs to run in its containers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import docker
import pytest
from docker.errors import ImageNotFound

from nnt_deployer.launchers.base import Handle, ProcessSpec
from nnt_deployer.launchers.docker import DockerLauncher, DockerOptions
from tests import docker_engine
from tests.conftest import require
from tests.deployer.launcher_promises import (
    MakeLauncher,
)

# Any image with a shell and Python.
IMAGE = os.environ.get("NNT_TEST_IMAGE", "nnt-simulation")
PYTHON = os.environ.get("NNT_TEST_IMAGE_PYTHON", "python3")
USER = (10_001, 10_001)
MIB = 2**20

SpecOf = Callable[..., ProcessSpec]


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    with docker_engine.reached() as client:
        try:
            client.images.get(IMAGE)
        except ImageNotFound:
            require("docker", f"there is no image {IMAGE} (NNT_TEST_IMAGE)")
        yield client


@pytest.fixture
def options(tmp_path: Path) -> DockerOptions:
    return DockerOptions(tmp_path / "processes", IMAGE, PYTHON, USER)


@pytest.fixture
def make_launcher(engine: docker.DockerClient, options: DockerOptions) -> MakeLauncher:
    return lambda: DockerLauncher(options, lambda: engine)


@pytest.fixture
def spec_of(tmp_path: Path, make_launcher: MakeLauncher) -> Iterator[SpecOf]:
    made: list[Handle] = []

    def make(python: str, **more: object) -> ProcessSpec:
        handle = Handle(uuid4(), 1)
        made.append(handle)
        command = (PYTHON, "-u", "-c", python)
        return ProcessSpec(handle, command, {"HOME": str(tmp_path)}, str(tmp_path), **more)  # type: ignore[arg-type]

    yield make
    for handle in made:
        make_launcher().remove(handle)
