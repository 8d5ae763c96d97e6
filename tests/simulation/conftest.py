"""Keras, once for all tests of this folder, and a parser to report to."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from nnt_simulation.settings import quiet_tensorflow

quiet_tensorflow()  # before a test module imports Keras

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
