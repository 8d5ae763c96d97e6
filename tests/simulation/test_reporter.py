from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from nnt_contract.updates import Collection, Failure, Finish
from nnt_simulation.errors import RefusedError
from nnt_simulation.outbox import Outbox
from nnt_simulation.reporter import Reporter, parser_client
from tests.conftest import wait_for
from tests.simulation.builders import SIM, settings_for

FINISH = Finish(sim_id=SIM, attempt=1)


def collection(epoch: int) -> Collection:
    return Collection(sim_id=SIM, attempt=1, epoch=epoch, logs={})


@contextmanager
def reporting(
    folder: Path, answer: Callable[[httpx.Request], httpx.Response], **settings: Any
) -> Iterator[Reporter]:
    """A reporter whose parser is a function."""
    told = settings_for(folder, **({"parser_url": "http://parser:7000"} | settings))
    outbox = Outbox(folder / "outbox", 100, 10_000)
    transport = httpx.MockTransport(answer)
    with (
        parser_client(told, transport) as client,
        Reporter(outbox, client, told, Event()) as reporter,
    ):
        yield reporter


def test_silence_is_answered_by_sending_again(tmp_path):
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        request.read()
        if len(paths) == 1:
            raise httpx.ReadTimeout("silence", request=request)
        if len(paths) == 2:
            raise httpx.ConnectError("nobody there", request=request)
        return httpx.Response(200)

    with reporting(tmp_path, answer) as reporter:
        reporter.collection(collection(0), ())
        reporter.end(FINISH)
    assert paths == ["/update", "/update", "/update", "/finish"]


def test_the_parser_may_live_below_a_path(tmp_path):
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(str(request.url))
        return httpx.Response(202)

    with reporting(tmp_path, answer, parser_url="http://host/nnt/parser") as reporter:
        reporter.end(FINISH)
    assert paths == ["http://host/nnt/parser/finish"]


def test_a_refusal_is_raised_by_the_next_report_with_any_text(tmp_path):
    with reporting(tmp_path, lambda request: httpx.Response(400, text="<p>no")) as reporter:
        reporter.collection(collection(0), ())
        reporter.flush()
        with pytest.raises(RefusedError, match=r"refused 0000000000.update \(400\): <p>no"):
            reporter.collection(collection(1), ())


def test_after_a_refusal_only_the_failure_is_delivered(tmp_path):
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(400 if request.url.path == "/update" else 202)

    with reporting(tmp_path, answer) as reporter:
        reporter.collection(collection(0), ())
        reporter.flush()
        reporter.end(Failure(sim_id=SIM, attempt=1, error="refused"))
    assert paths == ["/update", "/send_error"]


def test_an_update_that_somebody_else_delivered_is_forgotten(tmp_path):
    def answer(request: httpx.Request) -> httpx.Response:
        (tmp_path / "outbox" / "0000000001.finish").unlink(missing_ok=True)
        return httpx.Response(503 if len(list((tmp_path / "outbox").iterdir())) > 1 else 202)

    with reporting(tmp_path, answer) as reporter:
        reporter.collection(collection(0), ())
        reporter.end(FINISH)
    assert list((tmp_path / "outbox").iterdir()) == []


def test_a_thread_that_breaks_down_ends_the_training(tmp_path):
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("a bug")

    def refused() -> bool:
        try:
            reporter.raise_refusal()
        except RefusedError as error:
            return "a bug" in str(error)
        return False

    with reporting(tmp_path, answer) as reporter:
        reporter.collection(collection(0), ())
        wait_for(refused, "the refusal")
        reporter.flush()
