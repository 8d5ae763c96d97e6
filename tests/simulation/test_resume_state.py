"""Besides the weights go on as they were: the optimizer's steps and rate, and what callbacks remember."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import keras
import pytest
from keras import layers

from nnt_contract.environment import EXIT_FINISHED, EXIT_STOPPED
from nnt_simulation import run as run_module
from nnt_simulation.attempt import attempt
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.callbacks.write_checkpoint import WriteCheckpoint
from nnt_simulation.stop_requests import AtOnce
from tests.simulation.builders import CLASSES, make_run, model_json, settings_for
from tests.simulation.fake_parser import FakeParser

EPOCHS, BATCHES, RATE = 7, 4, 0.01
INTERRUPTED = 3  # in this epoch


class Killed(BaseException):
    """Nothing of ours catches it."""


class Fading(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Lowers the rate after every second epoch that it has seen; tells how the training stood at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.end: dict[str, Any] = {}

    def get_state(self) -> dict[str, int]:
        return {"seen": self.seen}

    def set_state(self, state: dict[str, int]) -> None:
        self.seen = state["seen"]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen % 2 == 0:
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate.numpy() * 0.7

    def on_train_end(self, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        self.end = {
            "seen": self.seen,
            "steps": int(optimizer.iterations.numpy()),
            "rate": float(optimizer.learning_rate.numpy()),
            "optimizer": [variable.numpy().tobytes() for variable in optimizer.variables],
            "model": [variable.numpy().tobytes() for variable in self.model.variables],
        }


@pytest.fixture
def train(parser: FakeParser, monkeypatch) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Trains with a callback that has a memory of its own; returns the exit code and how it stood."""
    original = run_module._fit

    def run(folder: Path, stop: Event, at_once: AtOnce) -> tuple[int, dict[str, Any]]:
        fading = Fading()

        def checkpoint(
            checkpoints: Any, threads: int, state: Any, stateful: Any, writer: Any
        ) -> WriteCheckpoint:
            with_ours = {**stateful, "fading": fading}
            return WriteCheckpoint(checkpoints, threads, state, with_ours, writer)

        def fit(
            run: Any, data: Any, model: Any, first_epoch: int, leave: Any, callbacks: Any
        ) -> int:
            return original(run, data, model, first_epoch, leave, [fading, *callbacks])

        monkeypatch.setattr(run_module, "WriteCheckpoint", checkpoint)
        monkeypatch.setattr(run_module, "_fit", fit)
        return attempt(settings_for(folder, parser.url), stop, at_once), fading.end

    return run


@cache  # once, because Keras numbers the names it makes
def model() -> dict[str, Any]:
    dropout = [layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.5)]
    return model_json(*dropout, layers.Dense(CLASSES))


def prepare(folder: Path, attempt: int) -> None:
    make_run(folder, model=model(), total_epochs=EPOCHS, learning_rate=RATE, attempt=attempt)


@pytest.mark.parametrize("how", ["asked", "told", "killed"])
def test_steps_rate_and_memory_go_on_as_if_never_interrupted(tmp_path, train, monkeypatch, how):
    stop, at_once, batches = Event(), AtOnce(), []

    def interrupt(self: Any, batch: int, logs: Any = None) -> None:
        batches.append(batch)
        if len(batches) != INTERRUPTED * BATCHES + 2:
            return
        if how == "killed":
            raise Killed
        if how == "told":
            at_once.set()
        stop.set()

    prepare(tmp_path / "parts", 1)
    with monkeypatch.context() as patched:
        patched.setattr(PrintProgress, "on_train_batch_end", interrupt)
        if how == "killed":
            with pytest.raises(Killed):
                train(tmp_path / "parts", stop, at_once)
        else:
            assert train(tmp_path / "parts", stop, at_once)[0] == EXIT_STOPPED
    prepare(tmp_path / "parts", 2)
    parts = train(tmp_path / "parts", Event(), AtOnce())
    prepare(tmp_path / "whole", 1)
    whole = train(tmp_path / "whole", Event(), AtOnce())
    assert parts == whole
    code, end = whole
    assert code == EXIT_FINISHED
    assert (end["seen"], end["steps"]) == (EPOCHS, EPOCHS * BATCHES)
    assert end["rate"] == pytest.approx(RATE * 0.7**3)
