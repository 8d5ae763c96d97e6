import json
import logging
from pathlib import Path

import keras
import numpy as np
import pytest

from nnt_contract import catalogue
from nnt_contract.part import Part
from nnt_simulation import datasets
from nnt_simulation.errors import DatasetError
from tests.simulation.builders import data, make_run, model_json, outbox_files, run_attempt

X, Y = data()["x"], data()["y"]
CSV = "a,b,c,d,label\n" + "".join(f"{row},{row + 1},0,1,{row % 3}\n" for row in range(40))


def run_of(folder: Path, content: str, **changes):
    """Of a run folder whose data is this table."""
    run = make_run(folder, label_column="label", **({"model": {"unused": True}} | changes))
    (folder / "data.npz").write_text(content)
    return run


def loaded(folder: Path, **arrays: np.ndarray) -> datasets.Dataset:
    run = make_run(folder, data=arrays, model={"unused": True})
    return datasets.load(run, folder)["train"]


def test_arrays_are_found_by_their_names(tmp_path):
    features, labels = loaded(tmp_path, other=Y, y=Y, x=X)
    np.testing.assert_array_equal(features, X.astype(np.float32))
    np.testing.assert_array_equal(labels, Y)


def test_a_table_is_found_by_its_label_column(tmp_path):
    features, labels = datasets.load(run_of(tmp_path, CSV), tmp_path)["train"]
    assert features.shape == (40, 4)
    assert labels.tolist() == [row % 3 for row in range(40)]


def test_a_table_trains_a_model_of_images(tmp_path, parser):
    layers = (keras.layers.Flatten(), keras.layers.Dense(3))
    run_of(tmp_path, CSV, model=model_json(*layers, inputs=(2, 2, 1)))
    assert run_attempt(tmp_path, parser.url) == 0
    assert outbox_files(tmp_path) == []


def test_rows_that_the_model_cannot_take_are_told(tmp_path):
    data = datasets.load(run_of(tmp_path, CSV, parts=("train", "test")), tmp_path)
    with pytest.raises(DatasetError) as refused:
        datasets.shaped(data, (28, 28))
    assert str(refused.value) == (
        "Training data: expected rows of the shape (28, 28), which the model takes, received rows of"
        " the shape (4,). A table needs 784 columns of features for it."
    )


def test_the_part_is_named(tmp_path):
    run = make_run(tmp_path, parts=("train", "test"), model={"unused": True})
    np.savez(tmp_path / "test.npz", z=X)
    run = run.model_copy(update={"datasets": {**run.datasets, "test": str(tmp_path / "test.npz")}})
    with pytest.raises(DatasetError, match="Test data: expected an array named 'x'"):
        datasets.load(run, tmp_path)


def test_without_training_data_there_is_no_training(tmp_path):
    run = make_run(tmp_path, parts=("validation",), model={"unused": True})
    with pytest.raises(DatasetError, match="no training data"):
        datasets.load(run, tmp_path)


def test_limits_are_settings(tmp_path, monkeypatch):
    table = json.dumps({"a": [0] * 600_000, "label": [0] * 600_000})
    run = run_of(tmp_path, table)
    datasets.load(run, tmp_path)
    monkeypatch.setenv("NNT_DATASET_MAX_MB", "1")
    with pytest.raises(DatasetError, match="at most 1 MiB of features and labels"):
        datasets.load(run, tmp_path)
    monkeypatch.setenv("NNT_DATASET_WHOLE_MAX_MB", "1")
    with pytest.raises(
        DatasetError, match=r"at most 1.0 MiB in a format that has to be read whole"
    ):
        datasets.load(run, tmp_path)


def test_features_that_are_no_numbers_are_loaded_with_one_word_in_the_log(tmp_path, caplog):
    x = np.where(X > 1.5, np.nan, X)
    features, _ = loaded(tmp_path, x=x, y=Y)
    np.testing.assert_array_equal(features, x.astype(np.float32))
    row, count = np.argwhere(X > 1.5)[0][0] + 1, np.count_nonzero(X > 1.5)
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (
            logging.WARNING,
            f"Training data, row {row}, array 'x': {count} of the 300 values of the features are NaN"
            " or infinite; they are used as they are",
        )
    ]


def test_features_that_are_numbers_are_not_worth_a_word(tmp_path, caplog):
    loaded(tmp_path, x=X, y=Y)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("labels", "output", "loss", "shape"),
    [
        ((5, 6), (6, 1), "BinaryCrossentropy", (5, 6, 1)),
        ((5, 6), (None, 1), "MeanSquaredError", (5, 6, 1)),
        ((5, 6, 1), (6, 1), "BinaryCrossentropy", (5, 6, 1)),
        ((5,), (1,), "BinaryCrossentropy", (5,)),
        ((5, 6), (6, 1), "CTC", (5, 6)),
        ((5, 6), (6,), "BinaryCrossentropy", (5, 6)),
        ((5, 3), (), "MeanSquaredError", (5, 3)),
    ],
)
def test_labels_of_steps_get_the_last_axis_of_outputs(labels, output, loss, shape):
    data: dict[Part, datasets.Dataset] = {"train": datasets.Dataset(X, np.zeros(labels))}
    suited = datasets.labelled(data, output, catalogue.loss_function(loss))
    assert suited["train"].labels.shape == shape
