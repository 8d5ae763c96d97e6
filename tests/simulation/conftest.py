"""Keras, once for all tests of this folder, and a parser to report to."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nnt_contract import environment
from nnt_simulation.backends import choose

# Before a test module imports Keras; tests/simulation/test_backends.py chooses another one.
choose(os.environ.get("KERAS_BACKEND", "tensorflow"))  # type: ignore[arg-type]

from tests.simulation.fake_parser import FakeParser  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """TensorFlow takes the number of threads before its first computation, and never again."""
    from nnt_simulation.determinism import make_deterministic

    make_deterministic(0, 1)


@pytest.fixture
def parser() -> Iterator[FakeParser]:
    parser = FakeParser()
    yield parser
    parser.go_away()


@pytest.fixture
def in_background() -> Iterator[Callable[..., Future[Any]]]:
    """Calls something in a thread, so that the test can watch it."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@pytest.fixture
def start(parser: FakeParser) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the program as the deployer does, or one around it; other arguments are more of its environment."""
    processes = []

    def begin(folder: Path, program: str = "", **more: str) -> "subprocess.Popen[str]":
        ours = {
            environment.RUN_DIR: str(folder),
            environment.PARSER_URL: parser.url,
            environment.RUN_TOKEN: "the-token",
        }
        process = subprocess.Popen(
            [sys.executable, *(["-c", program] if program else ["-m", "nnt_simulation"])],
            env={**os.environ, **ours, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()
