"""Asked to stop, a simulation completes its epoch; told, it ends at once. Neither loses an epoch that is complete."""

import logging
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from nnt_contract import environment
from nnt_contract.environment import ASK, EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED, INSIST
from nnt_contract.updates import INITIAL_EPOCH
from nnt_simulation.attempt import attempt
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.checkpoint import Checkpoints
from nnt_simulation.stop_requests import AtOnce
from tests.conftest import wait_for
from tests.simulation.builders import (
    CLASSES,
    INPUTS,
    data,
    make_run,
    model_json,
    outbox_files,
    run_attempt,
    settings_for,
)
from tests.simulation.fake_parser import FakeParser

EPOCHS = 6
LONG = 500  # rows, in batches of one: an epoch lasts long enough to be caught in it
SOON_S = 10  # much less than the settings would have it wait


class Requests:
    """What the signals set, for a training in this process."""

    def __init__(self) -> None:
        self.stop, self.at_once = Event(), AtOnce()

    def insist(self) -> None:
        self.at_once.set()
        self.stop.set()

    def train(self, folder: Path, parser: FakeParser, **settings: Any) -> int:
        return attempt(settings_for(folder, parser.url, **settings), self.stop, self.at_once)


@cache  # once, because Keras numbers the names it makes
def model() -> dict[str, Any]:
    return model_json(layers.Dense(8), layers.Dropout(0.5), layers.Dense(CLASSES))


def prepare(folder: Path, attempt: int = 1, rows: int = 50, **changes: Any) -> None:
    usual: dict[str, Any] = {"total_epochs": EPOCHS, "data": data(rows)}
    make_run(folder, model=model(), attempt=attempt, **(usual | changes))


def arrived(parser: FakeParser) -> dict[str | int, tuple[dict[str, Any], dict[Any, bytes]]]:
    """The last word on each epoch, down to the last bit; who said it and how long it took do not matter."""
    return {
        received.what: (
            received.update.model_dump(exclude={"attempt", "records"}),
            {place: values.tobytes() for place, values in received.arrays.items()},
        )
        for received in parser.collections
    }


def assert_goes_on_as_if_never_stopped(folder: Path, parser: FakeParser, **changes: Any) -> None:
    prepare(folder, attempt=9, **changes)
    assert run_attempt(folder, parser.url) == EXIT_FINISHED
    parts = arrived(parser)
    parser.accepted.clear()
    prepare(folder.with_name("whole"), **changes)
    assert run_attempt(folder.with_name("whole"), parser.url) == EXIT_FINISHED
    assert arrived(parser) == parts
    assert parts.keys() == {INITIAL_EPOCH, *range(EPOCHS)}


# In this process


@pytest.fixture
def act_at(monkeypatch) -> Callable[..., list[int]]:
    """Has something done when a callback's hook is called for the n-th time; returns its calls."""

    def make(hook: str, turn: int, act: Callable[[], None]) -> list[int]:
        seen: list[int] = []
        original = getattr(PrintProgress, hook)

        def called(self: Any, number: int, logs: Any = None) -> None:
            original(self, number, logs)
            seen.append(number)
            if len(seen) == turn:
                act()

        monkeypatch.setattr(PrintProgress, hook, called)
        return seen

    return make


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_test_batch_end"])
def test_told_to_stop_at_once_it_ends_between_two_batches(tmp_path, parser, act_at, hook):
    requests = Requests()
    batches = 4  # in an epoch
    seen = act_at(hook, 2 * batches + 2, requests.insist)
    prepare(tmp_path / "parts", parts=("train", "validation"))
    assert requests.train(tmp_path / "parts", parser) == EXIT_STOPPED
    assert len(seen) == 2 * batches + 2
    assert parser.story == [INITIAL_EPOCH, 0, 1]
    assert_goes_on_as_if_never_stopped(tmp_path / "parts", parser, parts=("train", "validation"))


@pytest.mark.parametrize("by", ["insist", "ask", "half of it"])
@pytest.mark.parametrize(("epochs", "code"), [(2, EXIT_STOPPED), (EPOCHS, EXIT_FINISHED)])
def test_an_epoch_that_is_complete_is_kept_and_the_last_one_ends_the_training(
    tmp_path, parser, act_at, by, epochs, code
):
    requests = Requests()
    # Half of it: both are set one after the other, and the training may look in between.
    acts = {"ask": requests.stop.set, "insist": requests.insist, "half of it": requests.at_once.set}
    act_at("on_epoch_end", epochs, acts[by])
    prepare(tmp_path)
    assert requests.train(tmp_path, parser) == code
    finish = ["finish"] if code == EXIT_FINISHED else []
    assert parser.story == [INITIAL_EPOCH, *range(epochs), *finish]
    newest = Checkpoints(tmp_path / environment.CHECKPOINT).newest()
    assert newest is not None
    assert newest.header.epoch == epochs - 1


def test_what_is_being_written_is_written_to_the_end_before_it_ends(
    tmp_path, parser, act_at, monkeypatch, in_background
):
    requests, begun, go = Requests(), Event(), Event()
    original = Checkpoints.write

    def slowly(self: Checkpoints, header: Any, *others: Any) -> None:
        if header.epoch == 1:
            begun.set()
            go.wait(30)
        original(self, header, *others)

    monkeypatch.setattr(Checkpoints, "write", slowly)
    act_at("on_train_batch_end", 2 * 4 + 1, requests.insist)
    prepare(tmp_path / "parts")
    training: Future[int] = in_background(requests.train, tmp_path / "parts", parser)
    assert begun.wait(30)
    wait_for(requests.at_once.is_set, "the epoch after it")
    time.sleep(0.2)
    assert not training.done()
    go.set()
    assert training.result(SOON_S) == EXIT_STOPPED
    newest = Checkpoints(tmp_path / "parts" / environment.CHECKPOINT).newest()
    assert newest is not None
    assert newest.header.epoch == 1
    assert_goes_on_as_if_never_stopped(tmp_path / "parts", parser)


def test_told_to_stop_at_once_it_does_not_wait_for_a_parser_that_is_away(
    tmp_path, parser, in_background, caplog
):
    caplog.set_level(logging.INFO)
    requests = Requests()
    parser.go_away()
    prepare(tmp_path / "parts")
    training = in_background(
        requests.train, tmp_path / "parts", parser, outbox_max_files=1, stop_flush_s=0.1
    )
    wait_for(lambda: "waiting for parser" in caplog.text, "word that training waits")
    requests.insist()
    assert training.result(SOON_S) == EXIT_STOPPED
    assert "stay in the outbox" in caplog.text
    parser.come_back()
    assert_goes_on_as_if_never_stopped(tmp_path / "parts", parser)


@pytest.mark.parametrize(("broken", "code"), [(False, EXIT_FINISHED), (True, EXIT_FAILED)])
def test_a_training_that_has_ended_stays_what_it_is_and_hurries(
    tmp_path, parser, in_background, broken, code
):
    requests = Requests()
    parser.go_away()
    labels_too_large: dict[str, Any] = {"data": {"x": np.zeros((4, INPUTS)), "y": np.full(4, 77)}}
    prepare(tmp_path, **(labels_too_large if broken else {}))
    training = in_background(requests.train, tmp_path, parser, flush_s=120, stop_flush_s=0.1)
    last = "send_error" if broken else "finish"
    outbox = tmp_path / environment.OUTBOX
    wait_for(lambda: outbox.is_dir() and any(outbox.glob(f"*.{last}")), "its last word")
    requests.insist()
    assert training.result(SOON_S) == code
    assert outbox_files(tmp_path)[-1].endswith(last)
    parser.come_back()


def test_a_disk_that_is_full_at_the_end_is_told(tmp_path, parser, act_at, monkeypatch):
    requests = Requests()

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoints, "write", full)
    act_at("on_train_batch_end", 4 + 1, requests.insist)
    prepare(tmp_path)
    assert requests.train(tmp_path, parser) == EXIT_FAILED
    assert "No space left on device" in parser.errors[0]


# A process of its own


def holds_requests(process: "subprocess.Popen[str]") -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    return all(blocked >> number - 1 & 1 for number in (ASK, INSIST))


def imports_keras(process: "subprocess.Popen[str]") -> bool:
    return keras.backend.backend() in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.parametrize("request_", [ASK, INSIST])
@pytest.mark.parametrize("moment", [holds_requests, imports_keras])
def test_stopped_before_it_trains_it_says_so_and_nothing_else(
    tmp_path, parser, start, moment, request_
):
    prepare(tmp_path)
    process = start(tmp_path)
    wait_for(lambda: moment(process), "the moment")
    process.send_signal(request_)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, parser.story) == (EXIT_STOPPED, [])
    assert "Traceback" not in err
    lines = [line.partition(" ")[2].partition(" ")[2] for line in out.splitlines()]
    assert lines[0].startswith("asked to stop:" if request_ == ASK else "told to stop at once:")
    assert lines[-1] == "stopped as asked"


def test_requests_that_are_repeated_change_nothing(tmp_path, parser, start):
    changes: dict[str, Any] = {"rows": LONG, "batch_size": 1}
    folder = tmp_path / "parts"

    def interrupt(attempt: int, epoch: int, *requests: int) -> str:
        """Lets it train until that epoch has arrived, then repeats the requests until it has ended."""
        prepare(folder, attempt, **changes)
        process: subprocess.Popen[str] = start(folder)
        wait_for(lambda: epoch in parser.story, f"epoch {epoch}", 60)
        while process.poll() is None:
            for request in requests:
                process.send_signal(request)
            time.sleep(0.002)
        out, err = process.communicate()
        assert process.returncode == EXIT_STOPPED
        assert "Traceback" not in err
        return out

    out = interrupt(1, 1, INSIST, ASK)
    assert out.count("told to stop at once:") == 1
    assert f"epoch 2 of {EPOCHS}" in out
    assert f"epoch 3 of {EPOCHS}" not in out
    out = interrupt(2, 2, ASK)
    assert out.count("asked to stop:") == 1
    assert f"epoch 4 of {EPOCHS}" in out
    assert f"epoch 5 of {EPOCHS}" not in out
    assert parser.story == [INITIAL_EPOCH, *range(4)]
    assert_goes_on_as_if_never_stopped(folder, parser, **changes)
