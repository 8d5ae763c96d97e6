"""What a process that reads files of strangers cannot do."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import require

NOBODY = 65534
BECOME_NOBODY = f"import os; os.setgid({NOBODY}); os.setuid({NOBODY})\n"
IMPORT = "import ctypes, socket; from nnt_datasets.confinement import confine\n"
CONFINE = "confine(512, 20, 2**20)\n"
CONNECT = 'socket.socket().connect(("127.0.0.1", {port}))\n'
# A network of its own, and for who is not root users of its own.
UNSHARE = "exit(ctypes.CDLL(None).unshare({flags}))\n"


def run(*program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "".join(program)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # as the deployer starts it
        capture_output=True,
        text=True,
    )


@pytest.fixture
def connect() -> Iterator[str]:
    """A program that connects to a server of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield CONNECT.format(port=server.getsockname()[1])


@pytest.fixture(params=["itself", "nobody"])
def become(request) -> str:
    """What makes a process that user, where Linux lets that one give its network away."""
    if request.param == "nobody" and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    become = BECOME_NOBODY if request.param == "nobody" else ""
    is_root = os.geteuid() == 0 and not become
    if run(IMPORT, become, UNSHARE.format(flags=0x40000000 if is_root else 0x50000000)).returncode:
        require("namespaces", "Linux lets no process of this user give its network away here")
    return become


def test_it_reaches_nobody_not_even_on_its_own_machine(connect, become):
    assert run(IMPORT, become, connect).returncode == 0
    ended = run(IMPORT, become, CONFINE, connect)
    assert ended.returncode == 1
    assert "Network is unreachable" in ended.stderr
