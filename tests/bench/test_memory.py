"""Growth of a process's memory is seen, also when it is over before anybody looks."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from bench.memory import HighWater, PrivateMemory

MIB = 2**20
GROWS = """
import sys
for line in sys.stdin:
    held = b"x" * (50 * 2**20)
    del held
    print("grown", flush=True)
"""


@pytest.fixture
def grower() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.communicate()


def grow(process: subprocess.Popen[str]) -> None:
    assert process.stdin and process.stdout
    print("go", file=process.stdin, flush=True)
    assert process.stdout.readline() == "grown\n"


def test_the_high_water_mark_is_of_what_happened_since(grower):
    grow(grower)
    water = HighWater(psutil.Process(grower.pid))
    assert water.added() < 5 * MIB
    grow(grower)
    assert 45 * MIB < water.added() < 60 * MIB


def test_private_memory_is_of_the_child_that_grew_most(grower):
    with PrivateMemory(psutil.Process()) as memory:
        for _ in range(10):  # each time there for some milliseconds only
            grow(grower)
    assert 40 * MIB < memory.added() < 60 * MIB
