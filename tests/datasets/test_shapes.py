import numpy as np
import pytest

from nnt_datasets import DatasetError, shape_rows

TABLE = np.arange(2 * 12).reshape(2, 12)


@pytest.mark.parametrize(
    ("row_shape", "expected"),
    [
        ((12,), (12,)),
        ((3, 4), (3, 4)),
        ((3, 4, 1), (3, 4, 1)),
        ((1, 12), (1, 12)),
        ((None,), (12,)),
        ((None, 4), (3, 4)),
        ((3, None), (3, 4)),
        ((12, 1), (12,)),  # Keras adds the last size itself
    ],
)
def test_rows_of_a_table_get_the_shape_that_the_model_takes(row_shape, expected):
    shaped = shape_rows(TABLE, row_shape)
    assert shaped.shape == (2, *expected)
    np.testing.assert_array_equal(shaped.reshape(2, 12), TABLE)
    assert np.shares_memory(shaped, TABLE)


@pytest.mark.parametrize(
    ("received", "row_shape"),
    [((3, 4), (3, 4)), ((3, 4), (3, 4, 1)), ((3, 4, 1), (3, 4)), ((), (1,))],
)
def test_rows_that_fit_stay_as_they_are(received, row_shape):
    features = np.zeros((2, *received))
    assert shape_rows(features, row_shape) is features


@pytest.mark.parametrize(
    ("received", "row_shape", "told"),
    [
        (
            (12,),
            (28, 28),
            "Expected rows of the shape (28, 28), which the model takes, received rows of the shape"
            " (12,). A table needs 784 columns of features for it.",
        ),
        (
            (12,),
            (6,),
            "Expected rows of the shape (6,), which the model takes, received rows of the shape (12,).",
        ),
        (
            (3, 4),
            (12,),
            "Expected rows of the shape (12,), which the model takes, received rows of the shape (3, 4).",
        ),
        (
            (12,),
            (None, 5),
            "Expected rows of the shape (any, 5), which the model takes, received rows of the shape (12,).",
        ),
        (
            (12,),
            (None, None),
            "Expected rows of the shape (any, any), which the model takes, received rows of the shape (12,).",
        ),
    ],
)
def test_rows_that_cannot_get_the_shape_are_told(received, row_shape, told):
    with pytest.raises(DatasetError) as wrong:
        shape_rows(np.zeros((2, *received)), row_shape)
    assert str(wrong.value) == told
