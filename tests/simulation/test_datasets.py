import logging
from pathlib import Path

import numpy as np
import pytest

from nnt_simulation import datasets
from nnt_simulation.errors import DatasetError
from tests.simulation.builders import data, make_run

X, Y = data()["x"], data()["y"]


def loaded(folder: Path, **arrays: np.ndarray) -> datasets.Dataset:
    return datasets.load(make_run(folder, data=arrays, model={"unused": True}))["train"]


def refusal(folder: Path, **arrays: np.ndarray) -> str:
    with pytest.raises(DatasetError) as refused:
        loaded(folder, **arrays)
    return str(refused.value)


def refusal_of_file(folder: Path, content: bytes) -> str:
    run = make_run(folder, model={"unused": True})
    (folder / "data.npz").write_bytes(content)
    with pytest.raises(DatasetError) as refused:
        datasets.load(run)
    return str(refused.value)


def test_arrays_are_found_by_their_names(tmp_path):
    features, labels = loaded(tmp_path, other=Y, y=Y, x=X)
    np.testing.assert_array_equal(features, X.astype(np.float32))
    np.testing.assert_array_equal(labels, Y)
    assert features.dtype == np.float32


def test_whole_numbers_stay_whole_numbers(tmp_path):
    features, _ = loaded(tmp_path, x=X.astype(np.uint8), y=Y)
    assert features.dtype == np.uint8


def test_a_name_that_is_missing_is_told_with_those_that_are_there(tmp_path):
    assert refusal(tmp_path, images=X, y=Y) == (
        "Training data: expected an array named 'x', the file holds 'images', 'y'."
    )


def test_the_part_is_named(tmp_path):
    run = make_run(tmp_path, parts=("train", "test"), model={"unused": True})
    np.savez(tmp_path / "test.npz", z=X)
    run = run.model_copy(update={"datasets": {**run.datasets, "test": str(tmp_path / "test.npz")}})
    with pytest.raises(DatasetError, match="Test data: expected an array named 'x'"):
        datasets.load(run)


def test_without_training_data_there_is_no_training(tmp_path):
    run = make_run(tmp_path, parts=("validation",), model={"unused": True})
    with pytest.raises(DatasetError, match="no training data"):
        datasets.load(run)


def test_a_file_that_is_away_is_told(tmp_path):
    run = make_run(tmp_path, model={"unused": True})
    (tmp_path / "data.npz").unlink()
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        datasets.load(run)


def test_python_objects_are_not_loaded(tmp_path):
    ragged = np.array([[1], [1, 2]], dtype=object)
    assert "'x' holds Python objects, which are not loaded" in refusal(tmp_path, x=ragged, y=Y)


def test_another_format_is_told_by_its_content(tmp_path):
    assert "received a file that starts with b'a,b\\n1,2\\n'" in refusal_of_file(
        tmp_path, b"a,b\n1,2\n3,4\n"
    )
    assert "an empty file" in refusal_of_file(tmp_path, b"")


def test_an_npy_file_is_told_from_an_npz_file(tmp_path):
    np.save(tmp_path / "one.npy", X)
    told = refusal_of_file(tmp_path, (tmp_path / "one.npy").read_bytes())
    assert "expected an .npz file, received an .npy file" in told


@pytest.mark.parametrize("kept", [30, 200, -30])
def test_a_truncated_file_is_told(tmp_path, kept):
    np.savez(tmp_path / "whole.npz", x=X, y=Y)
    told = refusal_of_file(tmp_path, (tmp_path / "whole.npz").read_bytes()[:kept])
    assert "the .npz file is damaged" in told


def test_a_changed_byte_is_told(tmp_path):
    np.savez(tmp_path / "whole.npz", x=X, y=Y)
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    content[500] ^= 1
    assert "damaged" in refusal_of_file(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"x": X, "y": Y[:40]}, "'x' has 50 rows and 'y' 40, expected as many labels as features"),
        ({"x": X[:0], "y": Y[:0]}, "'x' is empty (its shape is (0, 6))"),
        ({"x": np.float32(3), "y": Y}, "'x' is a single number"),
        ({"x": X.astype(str), "y": Y}, "'x' holds values of type <U"),
        ({"x": X * 1j, "y": Y}, "'x' holds values of type complex128, expected numbers"),
        (
            {"x": X, "y": np.where(Y, Y, np.inf)},
            f"{np.count_nonzero(Y == 0)} of the 50 values in 'y' are NaN or infinite",
        ),
        ({"x": X, "y": np.where(X > 1.5, np.nan, X)}, "values in 'y' are NaN or infinite"),
        ({"x": X, "y": X * 1e300}, "values in 'y' are NaN or infinite"),
    ],
)
def test_what_is_wrong_with_the_values_is_told(tmp_path, arrays, told):
    assert told in refusal(tmp_path, **arrays)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e300])
def test_features_that_are_no_numbers_are_loaded_with_one_word_in_the_log(
    tmp_path, caplog, strange
):
    x = np.where(X > 1.5, strange, X)
    features, _ = loaded(tmp_path, x=x, y=Y)
    expected = np.where(X > 1.5, np.inf if strange == 1e300 else strange, X)
    np.testing.assert_array_equal(features, expected.astype(np.float32))
    count = np.count_nonzero(X > 1.5)
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (
            logging.WARNING,
            f"Training data: {count} of the 300 values in 'x' are NaN or infinite;"
            " they are used as they are",
        )
    ]


def test_each_part_with_features_that_are_no_numbers_is_named_in_the_log(tmp_path, caplog):
    run = make_run(tmp_path, parts=("train", "validation", "test"), model={"unused": True})
    hole = X.copy()
    hole[0, 0] = np.nan
    np.savez(tmp_path / "strange.npz", x=hole, y=Y)
    strange = dict.fromkeys(("validation", "test"), str(tmp_path / "strange.npz"))
    datasets.load(run.model_copy(update={"datasets": {**run.datasets, **strange}}))
    assert [message.partition(" values")[0] for message in caplog.messages] == [
        "Validation data: 1 of the 300",
        "Test data: 1 of the 300",
    ]


def test_features_that_are_numbers_are_not_worth_a_word(tmp_path, caplog):
    loaded(tmp_path, x=X, y=Y)
    assert caplog.messages == []
