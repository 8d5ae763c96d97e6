"""What is told at the end of a training: how it does on data that it has not seen, and the network itself."""

import hashlib
import json
import logging
import subprocess
import sys
from threading import Event

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from nnt_contract.environment import EXIT_FINISHED, EXIT_STOPPED, MODEL, OUTBOX, RUN_FILE
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation.attempt import attempt
from nnt_simulation.callbacks.leave_epoch import LeaveEpoch
from nnt_simulation.stop_requests import AtOnce
from tests.simulation.builders import (
    CLASSES,
    INPUTS,
    ROWS,
    data,
    make_run,
    model_json,
    run_attempt,
    settings_for,
)
from tests.simulation.fake_parser import records_of

BOTH = ("train", "test")


def end_of(folder, parser):
    """The evaluation and the word about the model of a training that finishes."""
    assert run_attempt(folder, parser.url) == EXIT_FINISHED, parser.errors
    [evaluation] = records_of(parser, "evaluation")
    [model] = records_of(parser, "model")
    return evaluation, model


def test_a_classifier_is_evaluated_on_the_test_data(tmp_path, parser):
    top2 = KerasChoice(name="SparseTopKCategoricalAccuracy", conf={"k": 2})
    make_run(tmp_path, parts=BOTH, extra_metrics=[top2], total_epochs=2)
    evaluation, _ = end_of(tmp_path, parser)
    trained = keras.saving.load_model(tmp_path / MODEL)
    outputs = trained.predict(data()["x"], verbose=0)
    said, true = outputs.argmax(axis=1), data()["y"]
    assert np.array_equal(evaluation.confusion, confusion_matrix(true, said, labels=range(CLASSES)))
    assert (evaluation.epoch, evaluation.rows) == (1, ROWS)
    assert evaluation.metrics.keys() == {"loss", "accuracy", "sparse_top_k_categorical_accuracy"}
    assert evaluation.metrics["accuracy"] == pytest.approx((said == true).mean())
    assert evaluation.metrics["loss"] == pytest.approx(trained.loss(true, outputs))
    assert sum(scores.support for scores in evaluation.classes) == ROWS
    assert evaluation.cut_points is None and evaluation.remarks == ()


def test_a_classifier_of_yes_and_no_is_evaluated_at_cut_points(tmp_path, parser):
    yes = {"x": data()["x"], "y": data()["x"][:, 0] > 0}
    make_run(
        tmp_path,
        data=yes,
        parts=BOTH,
        model=model_json(keras.layers.Dense(1)),
        loss_function=KerasChoice(name="BinaryCrossentropy", conf={"from_logits": True}),
    )
    evaluation, _ = end_of(tmp_path, parser)
    logits = keras.saving.load_model(tmp_path / MODEL).predict(yes["x"], verbose=0)[:, 0]
    for point in evaluation.cut_points:
        said = logits > np.log(point.cut / (1 - point.cut))
        assert point.recall == pytest.approx((said & yes["y"]).sum() / yes["y"].sum())
    right = evaluation.confusion[0][0] + evaluation.confusion[1][1]
    assert evaluation.metrics["accuracy"] == pytest.approx(right / ROWS)


def test_a_regression_has_loss_and_metrics_and_nothing_else(tmp_path, parser):
    targets = {"x": data()["x"], "y": data()["x"][:, :CLASSES]}
    mae = KerasChoice(name="MeanAbsoluteError")
    make_run(
        tmp_path,
        data=targets,
        parts=BOTH,
        loss_function=KerasChoice(name="mse"),
        extra_metrics=[mae],
    )
    evaluation, _ = end_of(tmp_path, parser)
    assert evaluation.metrics.keys() == {"loss", "mean_absolute_error"}
    assert (evaluation.confusion, evaluation.classes, evaluation.cut_points) == (None, None, None)
    assert evaluation.remarks == ()


def test_without_test_data_that_is_said_and_the_model_is_saved(tmp_path, parser, caplog):
    caplog.set_level(logging.INFO)
    make_run(tmp_path)
    evaluation, model = end_of(tmp_path, parser)
    assert (evaluation.rows, evaluation.metrics) == (0, {})
    assert evaluation.remarks == ("There is no test data.",)
    assert "test data: There is no test data." in caplog.text
    assert model.bytes == (tmp_path / MODEL).stat().st_size


def test_a_diverged_network_is_evaluated_all_the_same(tmp_path, parser):
    diverging = {"x": data()["x"] * 1e30, "y": data()["y"]}
    make_run(tmp_path, data=diverging, parts=BOTH, optimizer=KerasChoice(name="sgd"))
    evaluation, _ = end_of(tmp_path, parser)
    assert np.isnan(evaluation.metrics["loss"])
    assert evaluation.remarks[0].startswith(f"{ROWS} of {ROWS} answers")


def test_the_test_data_is_read_a_batch_at_a_time(tmp_path, parser, monkeypatch):
    sizes = []
    original = keras.Model.predict_on_batch

    def predict_on_batch(self, features):
        sizes.append(len(features))
        return original(self, features)

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)
    make_run(tmp_path, parts=BOTH, total_epochs=1)
    end_of(tmp_path, parser)
    assert sizes == [16, 16, 16, 2]


_PLAIN = """
import json, sys, keras, numpy as np
sys.modules["nnt_simulation"] = None  # as if it were not installed
model = keras.saving.load_model(sys.argv[1])
rows = np.load(sys.argv[2])
print(json.dumps({"outputs": model.predict(rows["x"], verbose=0).tolist(), "steps": int(model.optimizer.iterations)}))
model.fit(rows["x"], rows["y"], verbose=0)
"""


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [
        (KerasChoice(name="SparseCategoricalCrossentropy", conf={"from_logits": True}), CLASSES),
        (KerasChoice(name="hinge"), 1),
    ],
)
def test_a_plain_keras_loads_the_trained_model_and_trains_it_further(
    tmp_path, parser, loss, outputs
):
    numbers = {"x": data()["x"], "y": data()["y"] if outputs > 1 else data()["y"] % 2}
    network = model_json(keras.layers.Dropout(0.5), keras.layers.Dense(outputs, name="out"))
    make_run(tmp_path, data=numbers, model=network, loss_function=loss, total_epochs=2)
    _, model = end_of(tmp_path, parser)
    content = (tmp_path / MODEL).read_bytes()
    assert (model.bytes, model.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    told = subprocess.run(
        [sys.executable, "-I", "-c", _PLAIN, tmp_path / MODEL, tmp_path / "data.npz"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = json.loads(told.stdout.splitlines()[0])
    last = parser.collections[-1]
    kernel, bias = last.arrays[1, "kernel"], last.arrays[1, "bias"]
    np.testing.assert_allclose(loaded["outputs"], numbers["x"] @ kernel + bias, atol=1e-5)
    assert loaded["steps"] == 2 * 4
    assert not list(tmp_path.glob("*.tmp*"))


def test_who_is_told_to_end_while_it_evaluates_does_so_and_the_next_attempt_evaluates(
    tmp_path, parser, monkeypatch
):
    stop, at_once = Event(), AtOnce()
    asked = []
    original = keras.Model.predict_on_batch

    def told(self, features):
        asked.append(len(features))
        at_once.set()
        stop.set()
        return original(self, features)

    make_run(tmp_path, parts=BOTH)
    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "predict_on_batch", told)
        assert attempt(settings_for(tmp_path, parser.url), stop, at_once) == EXIT_STOPPED
    assert len(asked) == 1
    before = parser.story
    assert before[-1] == 2
    make_run(tmp_path, parts=BOTH, attempt=2)
    evaluation, _ = end_of(tmp_path, parser)
    assert parser.story == [*before, "finish"], "nothing was trained again"
    assert evaluation.rows == ROWS and (tmp_path / MODEL).exists()
    assert [record.epoch for record in records_of(parser, "environment")] == [0, 3]


def test_what_is_measured_half_is_not_told(tmp_path, parser, monkeypatch):
    stop, at_once = Event(), AtOnce()

    def told(self, batch, logs=None):
        stop.set()
        at_once.set()

    monkeypatch.setattr(LeaveEpoch, "on_test_batch_end", told)
    targets = {"x": data()["x"], "y": data()["x"][:, :CLASSES]}
    make_run(tmp_path, data=targets, parts=BOTH, loss_function=KerasChoice(name="mse"))
    assert attempt(settings_for(tmp_path, parser.url), stop, at_once) == EXIT_STOPPED
    assert parser.story[-1] == 2 and records_of(parser, "evaluation") == []


def test_who_is_asked_to_stop_after_the_last_epoch_finishes(tmp_path, parser, monkeypatch):
    stop = Event()
    original = keras.Model.evaluate

    def asked(self, *arguments, **named):
        stop.set()
        return original(self, *arguments, **named)

    monkeypatch.setattr(keras.Model, "evaluate", asked)
    make_run(tmp_path, parts=BOTH)
    assert run_attempt(tmp_path, parser.url, stop) == EXIT_FINISHED
    assert records_of(parser, "evaluation")[0].rows == ROWS


class Killed(BaseException):
    """Nothing of ours catches it."""


def test_a_process_that_dies_while_it_saves_leaves_no_half_of_a_model(
    tmp_path, parser, monkeypatch
):
    def save(self, path):
        path.write_bytes(b"half")
        raise Killed

    make_run(tmp_path, parts=BOTH)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(keras.Model, "save", save)
        run_attempt(tmp_path, parser.url)
    assert not (tmp_path / MODEL).exists()
    _, model = end_of(tmp_path, parser)
    assert model.bytes == (tmp_path / MODEL).stat().st_size > 4
    assert list((tmp_path / OUTBOX).iterdir()) == []


def test_the_shape_that_a_model_leaves_open_does_not_matter(tmp_path, parser):
    layers = [keras.layers.Reshape((INPUTS, 1)), keras.layers.LSTM(2), keras.layers.Dense(CLASSES)]
    make_run(tmp_path, parts=BOTH, model=model_json(*layers), total_epochs=1)
    evaluation, _ = end_of(tmp_path, parser)
    assert len(evaluation.classes) == CLASSES


def test_a_network_that_remembers_is_evaluated_as_whoever_loads_it_would(tmp_path, parser):
    remembers = [keras.layers.Reshape((3, 2)), keras.layers.SimpleRNN(4, stateful=True)]
    model = model_json(*remembers, keras.layers.Dense(CLASSES), batch_size=10)
    make_run(tmp_path, parts=BOTH, model=model, batch_size=10)
    evaluation, _ = end_of(tmp_path, parser)
    trained = keras.saving.load_model(tmp_path / MODEL)
    loss = trained.evaluate(data()["x"], data()["y"], batch_size=10, verbose=0)
    assert evaluation.metrics["loss"] == pytest.approx(loss, rel=1e-6)
    right = sum(row[place] for place, row in enumerate(evaluation.confusion))
    assert evaluation.metrics["accuracy"] == pytest.approx(right / ROWS)


WORDS, STEPS = 10, 6


def tokens() -> dict[str, np.ndarray]:
    """Some end in padding."""
    draw = np.random.default_rng(2)
    words = draw.integers(1, WORDS, (ROWS, STEPS))
    words[np.arange(STEPS) >= draw.integers(1, STEPS + 1, ROWS)[:, None]] = 0
    return {"x": words, "y": words % CLASSES}


@pytest.mark.parametrize(
    ("outputs", "loss", "has_last_axis"),
    [
        (CLASSES, "SparseCategoricalCrossentropy", False),
        (1, "BinaryCrossentropy", True),
        (1, "BinaryCrossentropy", False),
    ],
)
def test_answers_that_are_masked_do_not_count(tmp_path, parser, outputs, loss, has_last_axis):
    rows = tokens()
    answered = int((rows["x"] > 0).sum())
    assert 0 < answered < ROWS * STEPS
    labels = rows["y"] if outputs > 1 else rows["y"] % 2
    labels = labels[..., None] if has_last_axis else labels
    last = keras.layers.Dense(outputs, "softmax" if outputs > 1 else "sigmoid")
    inner = [
        keras.layers.Embedding(WORDS, 4, mask_zero=True),
        keras.layers.SimpleRNN(4, return_sequences=True),
    ]
    make_run(
        tmp_path,
        data={"x": rows["x"], "y": labels},
        parts=BOTH,
        model=model_json(*inner, last),
        loss_function=KerasChoice(name=loss),
    )
    evaluation, _ = end_of(tmp_path, parser)
    assert np.sum(evaluation.confusion) == answered
    assert sum(scores.support for scores in evaluation.classes) == answered
    right = np.trace(evaluation.confusion)
    assert evaluation.metrics["accuracy"] == pytest.approx(right / answered, rel=1e-5)


def test_a_training_whose_evaluation_fails_has_its_model_and_finishes_with_the_reason(
    tmp_path, parser, caplog
):
    rows = {"x": np.zeros((ROWS, INPUTS)), "y": data()["y"]}
    network = [
        keras.layers.Rescaling(1.0),
        keras.layers.Embedding(WORDS, 2),
        keras.layers.Flatten(),
    ]
    model = model_json(*network, keras.layers.Dense(CLASSES))
    run = make_run(tmp_path, data=rows, parts=BOTH, model=model)
    np.savez(tmp_path / "unknown.npz", x=rows["x"] + WORDS + 2, y=rows["y"])
    datasets = {**run.datasets, "test": str(tmp_path / "unknown.npz")}
    other = run.model_copy(update={"datasets": datasets})
    (tmp_path / RUN_FILE).write_text(other.model_dump_json())
    evaluation, told = end_of(tmp_path, parser)
    assert told.bytes == (tmp_path / MODEL).stat().st_size
    assert (evaluation.epoch, evaluation.rows, evaluation.metrics) == (2, 0, {})
    [remark] = evaluation.remarks
    assert remark.startswith("The network could not be evaluated on the test data:")
    assert "index" in remark or "indices" in remark
    assert remark in caplog.text and "Traceback" in caplog.text


def test_who_dies_while_it_evaluates_leaves_the_trained_model(tmp_path, parser, monkeypatch):
    def die(self, *arguments, **named):
        raise Killed

    make_run(tmp_path, parts=BOTH)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(keras.Model, "evaluate", die)
        run_attempt(tmp_path, parser.url)
    assert keras.saving.load_model(tmp_path / MODEL).count_params() > 0
