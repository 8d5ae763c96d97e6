"""An interrupted training that goes on gives the same numbers as one that was left in peace, to the last bit."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from keras import layers

from nnt_contract.environment import CHECKPOINT, EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED
from nnt_contract.simulation_config import Fold, KerasChoice
from nnt_contract.updates import INITIAL_EPOCH
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.checkpoint import Checkpoints, Header
from tests.simulation.builders import CLASSES, ROWS, data, make_run, model_json, run_attempt
from tests.simulation.fake_parser import FakeParser, Received, records_of

EPOCHS, PERIOD = 7, 2
BATCH = 10  # of what takes no other
# Who said it, and how long it took.
_INCIDENTAL = {"attempt", "records"}
# Functions, because a layer with a random generator computes something when it is made.
MODELS: dict[str, Callable[[], list[layers.Layer]]] = {
    "dropout": lambda: [layers.Dense(8, "relu"), layers.Dropout(0.5), layers.GaussianNoise(0.1)],
    "normalisation": lambda: [layers.Dense(8), layers.BatchNormalization()],
    "recurrent": lambda: [
        layers.Reshape((3, 2)),
        layers.LSTM(4, dropout=0.3, recurrent_dropout=0.3),
    ],
    "embedding": lambda: [layers.Embedding(10, 3), layers.Flatten()],
    "stateful": lambda: [layers.Reshape((3, 2)), layers.SimpleRNN(4, stateful=True)],
}
OPTIMIZERS = {
    "dropout": KerasChoice(name="adam"),
    "normalisation": KerasChoice(name="sgd", conf={"momentum": 0.9, "use_ema": True}),
    "recurrent": KerasChoice(name="rmsprop", conf={"centered": True}),
    "embedding": KerasChoice(name="nadam"),
    "stateful": KerasChoice(name="adam"),
}


class Killed(BaseException):
    """Nothing of ours catches it."""


@pytest.fixture
def stop_after(monkeypatch):
    """Makes an event that is set while the given epoch ends."""

    def make(last: int) -> Event:
        stop = Event()

        def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
            if epoch == last:
                stop.set()

        monkeypatch.setattr(PrintProgress, "on_epoch_end", on_epoch_end)
        return stop

    return make


@cache  # once, because Keras numbers the names it makes
def model_called(name: str) -> dict[str, Any]:
    batch_size = BATCH if name == "stateful" else None
    return model_json(*MODELS[name](), layers.Dense(CLASSES), batch_size=batch_size)


def prepare(folder: Path, name: str, attempt: int = 1, **changes: Any) -> None:
    numbers = data()
    if name == "embedding":
        numbers["x"] = np.digitize(numbers["x"], np.linspace(-2, 2, 9))
    usual: dict[str, Any] = {
        "total_epochs": EPOCHS,
        "epoch_period": PERIOD,
        "optimizer": OPTIMIZERS[name],
    }
    if name == "stateful":  # what validation leaves in it is trained with
        usual |= {"batch_size": BATCH, "parts": ("train", "validation")}
    make_run(folder, model=model_called(name), data=numbers, attempt=attempt, **(usual | changes))


def assert_same_as_uninterrupted(folder: Path, parser: FakeParser, **prepared: Any) -> None:
    """Compares the last word on each epoch with what the same training tells when it is left in peace."""
    interrupted = last_words(parser)
    parser.accepted.clear()
    prepare(folder, **prepared)
    assert run_attempt(folder, parser.url) == EXIT_FINISHED
    uninterrupted = last_words(parser)
    assert interrupted.keys() == uninterrupted.keys()
    for epoch, received in interrupted.items():
        everything = received.update.model_dump(exclude=_INCIDENTAL)
        assert everything == uninterrupted[epoch].update.model_dump(exclude=_INCIDENTAL)
        for place, values in received.arrays.items():
            assert values.tobytes() == uninterrupted[epoch].arrays[place].tobytes(), (epoch, place)


def last_words(parser: FakeParser) -> dict[str | int, Received]:
    return {received.what: received for received in parser.collections}


@pytest.mark.parametrize("name", MODELS)
def test_a_stopped_training_goes_on_as_if_never_stopped(tmp_path, parser, name, stop_after):
    prepare(tmp_path / "parts", name)
    # Epoch 3 is not collected: the steps since epoch 2 have to be remembered.
    assert run_attempt(tmp_path / "parts", parser.url, stop_after(3)) == EXIT_STOPPED
    prepare(tmp_path / "parts", name, attempt=2)
    assert run_attempt(tmp_path / "parts", parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 2, 4, 6, "finish"]
    assert [received.update.attempt for received in parser.accepted] == [1, 1, 1, 2, 2, 2]
    assert_same_as_uninterrupted(tmp_path / "whole", parser, name=name)


def test_a_stopped_fold_goes_on_as_if_never_stopped(tmp_path, parser, stop_after):
    fold: dict[str, Any] = {"fold": Fold(index=2, count=3), "parts": ("train", "validation")}
    prepare(tmp_path / "parts", "dropout", **fold)
    assert run_attempt(tmp_path / "parts", parser.url, stop_after(3)) == EXIT_STOPPED
    prepare(tmp_path / "parts", "dropout", attempt=2, **fold)
    assert run_attempt(tmp_path / "parts", parser.url) == EXIT_FINISHED
    assert_same_as_uninterrupted(tmp_path / "whole", parser, name="dropout", **fold)


def test_a_training_killed_before_its_first_checkpoint_reports_the_same_initial_weights_again(
    tmp_path, parser, monkeypatch
):
    def die(self: Any, batch: int, logs: Any = None) -> None:
        raise Killed

    prepare(tmp_path, "dropout")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(PrintProgress, "on_train_batch_end", die)
        run_attempt(tmp_path, parser.url)
    prepare(tmp_path, "dropout", attempt=2)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, INITIAL_EPOCH, 0, 2, 4, 6, "finish"]
    first, again = parser.collections[:2]
    assert (first.update.attempt, again.update.attempt) == (1, 2)
    assert first.update == again.update.model_copy(update={"attempt": 1})
    for place, values in first.arrays.items():
        assert values.tobytes() == again.arrays[place].tobytes(), place


def test_initial_weights_are_reported_once_also_when_an_epoch_is_less_than_a_step(
    tmp_path, parser, stop_after
):
    accumulating = KerasChoice(name="sgd", conf={"gradient_accumulation_steps": 10})
    prepare(tmp_path, "normalisation", optimizer=accumulating, epoch_period=1)
    assert run_attempt(tmp_path, parser.url, stop_after(0)) == EXIT_STOPPED
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, *range(EPOCHS), "finish"]


def test_a_damaged_checkpoint_costs_the_epochs_since_the_one_before(tmp_path, parser, stop_after):
    prepare(tmp_path / "parts", "dropout", epoch_period=1)
    run_attempt(tmp_path / "parts", parser.url, stop_after(3))
    newest = tmp_path / "parts" / CHECKPOINT / "odd.checkpoint"
    newest.write_bytes(newest.read_bytes()[:-100])
    assert run_attempt(tmp_path / "parts", parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, 3, 3, 4, 5, 6, "finish"]
    assert_same_as_uninterrupted(tmp_path / "whole", parser, name="dropout", epoch_period=1)


@pytest.fixture
def killed_while_it_writes(monkeypatch):
    """Lets a training die in the middle of the checkpoint of the given epoch."""

    def run(folder: Path, parser: FakeParser, last: int) -> None:
        original = Checkpoints.write

        def write(self: Checkpoints, header: Header, layout: Any, values: Any) -> None:
            original(self, header, layout, half_of(values) if header.epoch == last else values)

        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(Checkpoints, "write", write)
            run_attempt(folder, parser.url)

    def half_of(values: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        yield next(iter(values))
        raise Killed

    return run


@pytest.mark.parametrize("last", [0, 3])
def test_a_training_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before(
    tmp_path, parser, killed_while_it_writes, last
):
    prepare(tmp_path / "parts", "dropout", epoch_period=1)
    killed_while_it_writes(tmp_path / "parts", parser, last)
    assert run_attempt(tmp_path / "parts", parser.url) == EXIT_FINISHED
    again = last if last else INITIAL_EPOCH
    assert parser.story == [*range(INITIAL_EPOCH, last + 1), *range(again, EPOCHS), "finish"]
    assert_same_as_uninterrupted(tmp_path / "whole", parser, name="dropout", epoch_period=1)


@pytest.mark.parametrize(("damaged", "resumed_from"), [(False, 3), (True, 2)])
def test_the_checkpoint_it_went_on_from_is_kept_until_there_is_another(
    tmp_path, parser, stop_after, killed_while_it_writes, damaged, resumed_from
):
    prepare(tmp_path, "dropout", epoch_period=1)
    run_attempt(tmp_path, parser.url, stop_after(3))
    if damaged:
        (tmp_path / CHECKPOINT / "odd.checkpoint").write_bytes(b"")
    killed_while_it_writes(tmp_path, parser, resumed_from + 1)
    newest = Checkpoints(tmp_path / CHECKPOINT).newest()
    assert newest is not None
    assert newest.header.epoch == resumed_from


def test_a_training_that_died_before_its_last_word_only_says_it(tmp_path, parser):
    make_run(tmp_path, total_epochs=2)
    run_attempt(tmp_path, parser.url)
    parser.accepted.clear()
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == ["finish"]


@pytest.mark.parametrize("name", MODELS)
def test_an_interrupted_training_is_evaluated_like_one_left_in_peace(
    tmp_path, parser, name, stop_after
):
    evaluations = []
    for folder, stop in (("parts", stop_after(3)), ("whole", None)):
        prepare(tmp_path / folder, name, parts=("train", "test"))
        if stop is not None:
            assert run_attempt(tmp_path / folder, parser.url, stop) == EXIT_STOPPED
            assert 2 in parser.story, "it was stopped in its middle"
        assert run_attempt(tmp_path / folder, parser.url) == EXIT_FINISHED
        evaluations.append(records_of(parser, "evaluation")[-1])
    assert evaluations[0] == evaluations[1]
    assert evaluations[0].rows == ROWS


def test_no_record_of_an_epoch_is_lost_or_sent_twice_by_an_interruption(
    tmp_path, parser, stop_after
):
    # Epoch 3 is not collected: its record has to be remembered until epoch 4 is.
    prepare(tmp_path, "dropout")
    run_attempt(tmp_path, parser.url, stop_after(3))
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert [record.epoch for record in records_of(parser, "epoch")] == list(range(EPOCHS))
    assert [record.epoch for record in records_of(parser, "environment")] == [0, 4]


def test_a_checkpoint_of_before_there_were_records_is_gone_on_from(
    tmp_path, parser, stop_after, monkeypatch
):
    original = Checkpoints.write

    def write(self: Checkpoints, header: Header, layout: Any, values: Any) -> None:
        known = {"report_epochs": header.callbacks["report_epochs"]}
        original(self, header._replace(callbacks=known), layout, values)

    prepare(tmp_path, "dropout")
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "write", write)
        run_attempt(tmp_path, parser.url, stop_after(3))
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert [record.epoch for record in records_of(parser, "epoch")] == [0, 1, 2, 4, 5, 6]


def test_the_checkpoint_of_another_backend_is_refused(tmp_path, parser, stop_after, monkeypatch):
    original = Checkpoints.write

    def write(self: Checkpoints, header: Header, layout: Any, values: Any) -> None:
        original(self, header._replace(backend="jax"), layout, values)

    prepare(tmp_path, "dropout")
    monkeypatch.setattr(Checkpoints, "write", write)
    run_attempt(tmp_path, parser.url, stop_after(3))
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert "is of the backend jax, not of" in parser.errors[0]


def test_the_checkpoint_of_another_model_is_refused(tmp_path, parser):
    make_run(tmp_path / "one", total_epochs=1)
    run_attempt(tmp_path / "one", parser.url)
    make_run(tmp_path / "other", model=model_json(layers.Dense(4), layers.Dense(CLASSES)))
    shutil.copytree(tmp_path / "one" / "checkpoint", tmp_path / "other" / "checkpoint")
    assert run_attempt(tmp_path / "other", parser.url) == EXIT_FAILED
    assert "of another model" in parser.errors[0]
