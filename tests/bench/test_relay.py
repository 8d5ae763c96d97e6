"""The relay stands for what it leads to."""

import socket
import subprocess
import sys

import pytest

from scripts.free_port import free_port
from scripts.up.settings import ROOT
from tests.conftest import wait_for


@pytest.fixture
def relayed():
    """Both ends of a connection through the relay."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        own, port = free_port(), server.getsockname()[1]
        program = ROOT / "bench" / "programs" / "relay.py"
        command = [sys.executable, str(program), str(own), "127.0.0.1", str(port)]
        with subprocess.Popen(command) as process:
            try:
                near = wait_for(lambda: connected(own), "the relay to listen")
                assert near
                far, _ = server.accept()
                with near, far:
                    yield near, far
            finally:
                process.kill()


def connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=30)
    except ConnectionRefusedError:
        return None


def test_bytes_pass_both_ways_and_so_does_the_end(relayed):
    near, far = relayed
    near.sendall(b"a question")
    assert far.recv(100) == b"a question"
    far.sendall(b"an answer")
    assert near.recv(100) == b"an answer"
    far.close()
    assert near.recv(100) == b""
