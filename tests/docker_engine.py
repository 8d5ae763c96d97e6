"""The Docker engine of this machine."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker

from bench.engine import SOCKET, answers
from tests.conftest import require


@contextmanager
def reached() -> Iterator[docker.DockerClient]:
    """A client of it; the test is skipped, or fails, where there is none."""
    if not answers(SOCKET):
        require("docker", f"no Docker engine answers at {SOCKET}")
    with closing(docker.DockerClient(f"unix://{SOCKET}")) as client:
        yield client
