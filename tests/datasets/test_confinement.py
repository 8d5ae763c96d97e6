"""What a process that reads files of strangers cannot do."""

import os
import socket
import subprocess
import sys

import pytest

NOBODY = 65534
CONNECT = """
import socket, sys
from nnt_datasets.confinement import confine
if "as nobody" in sys.argv:
    import os
    os.setgid({nobody}), os.setuid({nobody})
if "confined" in sys.argv:
    confine(512, 20, 2**20)
socket.socket().connect(("127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture
def connect():
    """Has a process connect to a server of this machine, and returns how it ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def run(*how: str) -> "subprocess.CompletedProcess[str]":
            program = CONNECT.format(nobody=NOBODY)
            return subprocess.run(
                [sys.executable, "-c", program, str(port), *how],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
            )

        yield run


@pytest.mark.parametrize("who", [[], ["as nobody"]])
def test_it_reaches_nobody_not_even_on_its_own_machine(connect, who):
    if who and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    assert connect(*who).returncode == 0
    ended = connect("confined", *who)
    assert ended.returncode == 1
    assert "Network is unreachable" in ended.stderr
