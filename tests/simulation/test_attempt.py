import json
import logging
import math
from pathlib import Path
from threading import Event

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from nnt_contract.environment import CHECKPOINT, EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED, WAITING
from nnt_contract.errors import ErrorBody
from nnt_contract.simulation_config import KerasChoice
from nnt_contract.updates import FRAME_TYPE, INITIAL_EPOCH
from nnt_simulation import run as run_module
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.callbacks.write_checkpoint import WriteCheckpoint
from nnt_simulation.checkpoint import Checkpoints
from nnt_simulation.durable import durable_file
from tests.conftest import wait_for
from tests.simulation.builders import (
    CLASSES,
    INPUTS,
    data,
    json_of,
    make_run,
    model_json,
    outbox_files,
    run_attempt,
)

APPENDIX_D = Path(__file__).resolve().parents[1] / "fixtures" / "appendix_d_model.json"


def enlarged_digits() -> dict[str, np.ndarray]:
    digits = load_digits()
    large = np.kron(digits.images / 16, np.ones((3, 3)))
    return {"x": np.pad(large, ((0, 0), (2, 2), (2, 2))), "y": digits.target}


def test_the_model_of_the_report_trains_unchanged_and_learns(tmp_path, parser):
    model = json.loads(APPENDIX_D.read_text())
    optimizer = KerasChoice(name="rmsprop", conf={"rho": 0.9})
    make_run(
        tmp_path,
        model=model,
        data=enlarged_digits(),
        parts=("train", "validation", "test"),
        optimizer=optimizer,
        batch_size=32,
        learning_rate=0.001,
    )
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, "finish"]
    last = parser.collections[-1].update
    assert last.logs["accuracy"] > 0.8
    assert last.logs["val_accuracy"] > 0.8
    assert last.optimizer_steps == math.ceil(1797 / 32)
    assert last.learning_rate == pytest.approx(0.001)
    places = [(array.layer_index, array.layer_name, array.variable) for array in last.arrays]
    assert places == [
        (1, "dense_4", "kernel"),
        (1, "dense_4", "bias"),
        (2, "dense_5", "kernel"),
        (2, "dense_5", "bias"),
    ]


def test_epochs_are_collected_by_period_and_at_the_end(tmp_path, parser):
    make_run(tmp_path, total_epochs=6, epoch_period=2)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 2, 4, 5, "finish"]
    steps = math.ceil(50 / 16)
    assert [received.update.optimizer_steps for received in parser.collections] == [
        0,
        steps,
        2 * steps,
        2 * steps,
        steps,
    ]


def test_a_collection_holds_the_weights_of_its_epoch_and_the_first_those_before_any_batch(
    tmp_path, parser, monkeypatch
):
    seen = []

    def remember(self, epoch_or_batch, logs=None):
        seen.append([variable.numpy() for variable in self.model.weights])

    def remember_the_first(self, batch, logs=None):
        if not seen:
            remember(self, batch)

    monkeypatch.setattr(PrintProgress, "on_train_batch_begin", remember_the_first)
    monkeypatch.setattr(PrintProgress, "on_epoch_end", remember)
    make_run(tmp_path, model=model_json(keras.layers.BatchNormalization(), keras.layers.Dense(3)))
    run_attempt(tmp_path, parser.url)
    assert len(seen) == 4
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, "finish"]
    for received, weights in zip(parser.collections, seen, strict=True):
        names = [array.variable for array in received.update.arrays]
        assert names == ["gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias"]
        for sent, there in zip(received.arrays.values(), weights, strict=True):
            np.testing.assert_array_equal(sent, there)
    assert not np.array_equal(seen[0][4], seen[1][4])
    assert parser.collections[0].update.logs == {}


def test_updates_say_who_sends_them_and_in_which_encoding(tmp_path, parser):
    run = make_run(tmp_path, total_epochs=1, attempt=4)
    run_attempt(tmp_path, parser.url)
    assert [received.path for received in parser.accepted] == ["/update", "/update", "/finish"]
    for received in parser.accepted:
        assert received.headers["Authorization"] == "Bearer the-token"
        assert received.headers["Content-Type"] == FRAME_TYPE
        assert (received.update.sim_id, received.update.attempt) == (run.id, 4)
    assert outbox_files(tmp_path) == []


def test_accuracy_is_absent_where_it_means_nothing(tmp_path, parser):
    targets = {"x": data()["x"], "y": data()["x"][:, :CLASSES]}
    parts = ("train", "validation")
    mse = KerasChoice(name="mse")
    make_run(tmp_path, data=targets, loss_function=mse, total_epochs=1, parts=parts)
    run_attempt(tmp_path, parser.url)
    assert parser.collections[-1].update.logs.keys() == {"loss", "val_loss"}


def test_a_diverged_loss_arrives_as_nan(tmp_path, parser):
    targets = {"x": data()["x"] * 1e30, "y": data()["x"][:, :CLASSES]}
    make_run(
        tmp_path,
        data=targets,
        loss_function=KerasChoice(name="mse"),
        optimizer=KerasChoice(name="sgd"),
    )
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    last = parser.collections[-1]
    assert math.isnan(last.update.logs["loss"])
    assert np.isnan(last.arrays[0, "kernel"]).all()


def test_one_nan_in_the_features_can_be_watched_in_the_weights(tmp_path, parser, caplog):
    hole = data()
    hole["x"][20, 4] = np.nan
    model = model_json(keras.layers.Dense(8, "relu"), keras.layers.Dense(CLASSES))
    make_run(tmp_path, data=hole, model=model)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, "finish"]
    assert (
        "row 21, array 'x': 1 of the 300 values of the features are NaN or infinite" in caplog.text
    )
    first, *_, last = parser.collections
    assert not np.isnan(first.arrays[0, "kernel"]).any()
    assert np.isnan(last.arrays[0, "kernel"]).sum() > 0
    assert np.isnan(last.arrays[0, "kernel"][4]).all()
    assert "loss" in last.update.logs


def test_whole_numbers_train_as_they_are(tmp_path, parser):
    whole = {"x": (data()["x"] * 10).astype(np.uint8), "y": data()["y"].astype(np.uint8)}
    make_run(tmp_path, data=whole, total_epochs=1)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED


def test_an_input_that_the_model_leaves_open_is_that_of_the_data(tmp_path, parser):
    model = json.loads(keras.Sequential([keras.layers.Dense(CLASSES)]).to_json())
    make_run(tmp_path, model=model, total_epochs=1)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.collections[0].arrays[0, "kernel"].shape == (INPUTS, CLASSES)


def test_a_parser_that_is_away_does_not_stop_training(tmp_path, parser, in_background):
    parser.go_away()
    make_run(tmp_path, total_epochs=5)
    attempt = in_background(run_attempt, tmp_path, parser.url)
    # The initial weights, then the epochs.
    everything = [*(f"{turn:010d}.update" for turn in range(6)), "0000000006.finish"]
    wait_for(lambda: (tmp_path / "outbox").is_dir(), "an outbox")
    wait_for(lambda: outbox_files(tmp_path) == everything, "the whole training in the outbox")
    assert not attempt.done()
    parser.come_back()
    assert attempt.result(timeout=30) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, 3, 4, "finish"]
    assert outbox_files(tmp_path) == []


def test_what_cannot_be_delivered_in_time_stays_in_the_outbox(tmp_path, parser):
    parser.go_away()
    make_run(tmp_path, total_epochs=1)
    assert run_attempt(tmp_path, parser.url, flush_s=0.1) == EXIT_FINISHED
    assert outbox_files(tmp_path) == [
        "0000000000.update",
        "0000000001.update",
        "0000000002.finish",
    ]
    parser.come_back()


def test_training_waits_while_the_outbox_is_full(tmp_path, parser, in_background, caplog):
    caplog.set_level(logging.INFO)
    parser.go_away()
    make_run(tmp_path, total_epochs=6)
    attempt = in_background(run_attempt, tmp_path, parser.url, outbox_max_files=2)
    wait_for(lambda: "waiting for parser" in caplog.text, "word that training waits")
    assert outbox_files(tmp_path) == ["0000000000.update", "0000000001.update"]
    wait_for((tmp_path / WAITING).exists, "the file that says so")
    assert not attempt.done()
    parser.come_back()
    assert attempt.result(timeout=30) == EXIT_FINISHED
    assert not (tmp_path / WAITING).exists()
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, 3, 4, 5, "finish"]


def test_a_request_to_stop_ends_the_waiting_and_keeps_the_epoch(
    tmp_path, parser, in_background, caplog
):
    caplog.set_level(logging.INFO)
    parser.go_away()
    make_run(tmp_path, total_epochs=9)
    stop = Event()
    attempt = in_background(
        run_attempt, tmp_path, parser.url, stop, outbox_max_files=1, stop_flush_s=0.1
    )
    wait_for(lambda: "waiting for parser" in caplog.text, "word that training waits")
    stop.set()
    assert attempt.result(timeout=30) == EXIT_STOPPED
    parser.come_back()
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, *range(9), "finish"]


def test_a_refusal_ends_the_training_with_the_answer_and_keeps_the_update(tmp_path, parser):
    body = ErrorBody(error="too_large", message="the arrays have 84 bytes, at most 80 are taken")
    refusal = (413, body.model_dump_json().encode())
    parser.answer = lambda received: refusal if received.what == 1 else (202, b"")
    make_run(tmp_path, total_epochs=500)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert parser.story == [INITIAL_EPOCH, 0, "send_error"]
    assert "413" in parser.errors[0]
    assert "the arrays have 84 bytes, at most 80 are taken" in parser.errors[0]
    assert "0000000002.update" in outbox_files(tmp_path)
    assert len(outbox_files(tmp_path)) < 400


def test_a_refused_end_is_a_failure_too(tmp_path, parser):
    parser.answer = lambda received: (410, b"gone") if received.what == "finish" else (202, b"")
    make_run(tmp_path, total_epochs=1)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert "gone" in parser.errors[0]


def test_when_everything_is_refused_the_training_still_ends(tmp_path, parser):
    parser.answer = lambda received: (401, b"who are you?")
    make_run(tmp_path, total_epochs=500)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    kept = outbox_files(tmp_path)
    assert kept[0] == "0000000000.update"
    assert kept[-1].endswith(".send_error")


def test_a_busy_parser_is_asked_again(tmp_path, parser):
    answers = [(503, b""), (429, b""), (408, b"")]
    parser.answer = lambda received: answers.pop() if answers else (202, b"")
    make_run(tmp_path, total_epochs=1)
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, "finish"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"optimizer": KerasChoice(name="rmsprob")},
            f"expected an optimizer of Keras {keras.__version__} (near to it: RMSprop)",
        ),
        (
            {"data": {"x": data()["x"], "y": data()["y"] + 1}},
            "the largest label is 3 and the model has 3 outputs, expected labels from 0 to 2",
        ),
        ({"model": {"class_name": "Sequential", "config": {}}}, "cannot be built"),
    ],
)
def test_what_cannot_be_trained_is_told_in_words(tmp_path, parser, changes, told):
    make_run(tmp_path, **changes)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert parser.story == ["send_error"]
    assert told in parser.errors[0]


def test_an_unforeseen_error_is_told_and_its_traceback_is_in_the_log(
    tmp_path, parser, monkeypatch, capsys
):
    def broken(*args):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(run_module, "_fit", broken)
    make_run(tmp_path)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert parser.errors == ["ZeroDivisionError: division by zero"]
    assert "Traceback" in capsys.readouterr().err


def test_running_out_of_memory_is_told_plainly(tmp_path, parser, monkeypatch):
    def broken(*args):
        raise MemoryError("Unable to allocate 7.45 TiB")

    monkeypatch.setattr(run_module, "_fit", broken)
    make_run(tmp_path)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert "not enough memory" in parser.errors[0]


@pytest.mark.parametrize(
    ("lost", "last_epoch"), [("0000000000.update", None), ("0000000002.update", 0)]
)
def test_what_is_not_in_the_outbox_gets_no_checkpoint(
    tmp_path, parser, monkeypatch, lost, last_epoch
):
    def full(path):
        if path.name == lost:
            raise OSError(28, "No space left on device")
        return durable_file(path)

    monkeypatch.setattr("nnt_simulation.outbox.durable_file", full)
    make_run(tmp_path, total_epochs=9)
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert "No space left on device" in parser.errors[0]
    newest = Checkpoints(tmp_path / CHECKPOINT).newest()
    assert (newest.header.epoch if newest else None) == last_epoch


def test_a_stop_before_the_first_epoch_trains_nothing(tmp_path, parser):
    make_run(tmp_path)
    stop = Event()
    stop.set()
    assert run_attempt(tmp_path, parser.url, stop) == EXIT_STOPPED
    assert parser.story == []


def test_a_stop_in_the_last_epoch_is_a_finish(tmp_path, parser, monkeypatch):
    stop = Event()
    original = WriteCheckpoint.on_epoch_end

    def stop_at_the_last(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch == 2:
            stop.set()

    monkeypatch.setattr(WriteCheckpoint, "on_epoch_end", stop_at_the_last)
    make_run(tmp_path)
    assert run_attempt(tmp_path, parser.url, stop) == EXIT_FINISHED
    assert parser.story == [INITIAL_EPOCH, 0, 1, 2, "finish"]


def test_progress_is_one_line_per_epoch(tmp_path, parser, caplog):
    caplog.set_level(logging.INFO)
    make_run(tmp_path, total_epochs=2, parts=("train", "validation"))
    run_attempt(tmp_path, parser.url)
    lines = [line for line in caplog.messages if line.startswith("epoch ")]
    assert [line[:12] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert all("loss" in line and "val_accuracy" in line for line in lines)


def test_a_model_for_batches_of_one_size_is_trained_with_those(tmp_path, parser):
    model = keras.Sequential([keras.Input(batch_shape=(10, INPUTS)), keras.layers.Dense(CLASSES)])
    parts = ("train", "validation", "test")
    for batch_size, ends in ((32, EXIT_FAILED), (10, EXIT_FINISHED)):
        make_run(tmp_path, model=json_of(model), parts=parts, batch_size=batch_size)
        assert run_attempt(tmp_path, parser.url) == ends
    assert [error.partition(":")[0] for error in parser.errors] == [
        "The model takes batches of 10 rows and no others"
    ]
