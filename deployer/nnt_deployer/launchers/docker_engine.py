"""The Docker engine: its silence, which is nobody's failure, told apart from its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

import docker
from docker import DockerClient
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from nnt_deployer.errors import NotReady

SILENT = "Docker does not answer"
# Longer than it takes to make a container on a busy machine; a whole tick waits for an engine that hangs.
_ANSWER_S = 30


def connect() -> DockerClient:
    """To the engine that the environment names (DOCKER_HOST); raises NotReady."""
    try:
        return docker.from_env(timeout=_ANSWER_S)
    except DockerException as error:
        raise NotReady(SILENT) from error


@contextmanager
def asking() -> Iterator[None]:
    """Raises NotReady where nobody answers. An error that the engine answers passes."""
    try:
        yield
    except APIError:
        raise
    except RequestException as error:
        raise NotReady(SILENT) from error
