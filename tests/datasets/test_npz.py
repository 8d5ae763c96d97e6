import io

import numpy as np
import pytest

from tests.datasets.builders import loaded, npz, refusal, types

X = np.random.default_rng(1).normal(size=(50, 6))
Y = X[:, :3].argmax(axis=1)


def test_arrays_are_found_by_their_names(tmp_path):
    dataset = loaded(tmp_path, npz(other=Y, y=Y, x=X))
    assert dataset.format == "npz"
    np.testing.assert_array_equal(dataset.features, X.astype(np.float32))
    np.testing.assert_array_equal(dataset.labels, Y)
    assert types(dataset) == ("float32", "int64")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24).reshape(2, 3, 4),
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.arange(24, dtype=">i4").reshape(2, 3, 4),
        np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
        np.arange(24.0).reshape(4, 3, 2).T,
        np.arange(24, dtype=np.float16).reshape(2, 12),
        np.arange(24, dtype=np.longdouble).reshape(2, 12),
        np.arange(2.0),
    ],
)
def test_arrays_of_any_shape_order_and_type_are_read(tmp_path, array, compressed):
    features = loaded(tmp_path, npz(compressed, x=array, y=[0, 1])).features
    np.testing.assert_array_equal(features, array)
    assert features.dtype == (
        np.float32 if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
    )


def test_booleans_are_0_and_1(tmp_path):
    dataset = loaded(tmp_path, npz(x=X > 0, y=Y == 1))
    np.testing.assert_array_equal(dataset.features, (X > 0).astype(np.uint8))
    assert types(dataset) == ("uint8", "uint8")


def test_an_array_longer_than_a_piece_keeps_its_values(tmp_path):
    long = np.arange(600_001, dtype=np.float64)
    features = loaded(tmp_path, npz(x=long, y=long)).features
    np.testing.assert_array_equal(features, long.astype(np.float32))


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        (
            {"images": X, "y": Y},
            "expected an array named 'x', received an .npz file that holds 'images', 'y'.",
        ),
        (
            {"x": X, "y": Y[:40]},
            "array 'y': expected 50 labels, as many as 'x' has rows, received 40.",
        ),
        (
            {"x": X[:0], "y": Y[:0]},
            "array 'x': expected at least one row, received an empty array: its shape is (0, 6).",
        ),
        (
            {"x": np.float32(3), "y": Y},
            "array 'x': expected one entry per row, received a single number.",
        ),
        (
            {"x": X.astype(str), "y": Y},
            "array 'x': expected an array of numbers, received values of type <U32.",
        ),
        (
            {"x": X * 1j, "y": Y},
            "array 'x': expected an array of numbers, received values of type complex128.",
        ),
        (
            {"x": X, "y": np.where(np.arange(50) > 20, np.inf, Y)},
            "row 22, array 'y': expected finite numbers as labels, received 29 of 50 values that are"
            " NaN or infinite.",
        ),
        (
            {"x": X, "y": X * 1e300},
            "row 1, array 'y': expected finite numbers as labels, received 300 of 300 values that"
            " are NaN or infinite.",
        ),
        (
            {"x": np.array([[1], [1, 2]], dtype=object), "y": Y},
            "array 'x': expected an array of numbers, received Python objects, which are not loaded."
            " Rows of different lengths and mixed types are saved as objects.",
        ),
    ],
)
def test_what_is_wrong_with_the_arrays_is_told(tmp_path, arrays, told):
    assert refusal(tmp_path, npz(**arrays)) == told


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e300])
def test_features_that_are_no_numbers_are_counted_and_used(tmp_path, strange):
    x = np.where(X > 1.5, strange, X)
    dataset = loaded(tmp_path, npz(x=x, y=Y))
    expected = np.where(X > 1.5, np.inf if strange == 1e300 else strange, X)
    np.testing.assert_array_equal(dataset.features, expected.astype(np.float32))
    assert dataset.strange is not None
    assert dataset.strange.count == np.count_nonzero(X > 1.5)
    row = np.argwhere(X > 1.5)[0][0] + 1
    assert str(dataset.strange.first) == f"row {row}, array 'x'"


@pytest.mark.parametrize("kept", [30, 200, -30])
def test_a_truncated_file_is_told(tmp_path, kept):
    assert "expected a whole archive, received a damaged one" in refusal(
        tmp_path, npz(x=X, y=Y)[:kept]
    )


def test_an_npy_file_is_told_from_an_npz_file(tmp_path):
    content = io.BytesIO()
    np.save(content, X)
    assert refusal(tmp_path, content.getvalue()) == (
        "expected an .npz, .csv, .arff or .json file, or a pickled pandas DataFrame, received an"
        " .npy file, one array without a name. numpy.savez writes several with their names."
    )
