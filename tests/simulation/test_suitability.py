import numpy as np
import pytest

from nnt_simulation.errors import DatasetError
from nnt_simulation.suitability import check_features, check_labels

SPARSE, ONE_HOT = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"
CLASS_NUMBERS = np.array([0, 1, 2, 9])


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ((28, 28), (28, 28)),
        ((28, 28), (28, 28, 1)),
        ((28, 28, 1), (28, 28)),
        ((7, 3), (None, 3)),
        ((6,), (6,)),
    ],
)
def test_rows_fit_the_input_of_the_model(received, expected):
    check_features("Training data", received, expected)


@pytest.mark.parametrize(
    ("received", "expected"), [((8, 8), (28, 28)), ((784,), (28, 28)), ((28, 28), (28,))]
)
def test_rows_of_another_shape_are_refused_with_both_shapes(received, expected):
    with pytest.raises(DatasetError) as refused:
        check_features("Validation data", received, expected)
    assert str(refused.value).startswith("Validation data: the model expects rows of the shape (")
    assert str(expected) in str(refused.value)
    assert str(received) in str(refused.value)


@pytest.mark.parametrize(
    ("labels", "output", "loss"),
    [
        (CLASS_NUMBERS, (10,), SPARSE),
        (CLASS_NUMBERS[:, None], (10,), SPARSE),
        (CLASS_NUMBERS.astype(np.float32), (10,), SPARSE),
        (np.zeros((4, 7), int), (7, 10), SPARSE),
        (np.eye(10)[CLASS_NUMBERS], (10,), ONE_HOT),
        (np.zeros(4), (1,), "BinaryCrossentropy"),
        (np.zeros((4, 1)), (1,), "MeanSquaredError"),
        (np.zeros((4, 3)), (3,), "Huber"),
        (CLASS_NUMBERS, (10,), "CategoricalGeneralizedCrossEntropy"),
    ],
)
def test_labels_suit_the_loss(labels, output, loss):
    check_labels("Training data", labels, output, loss)


@pytest.mark.parametrize(
    ("labels", "output", "loss", "told"),
    [
        (CLASS_NUMBERS, (9,), SPARSE, "the largest label is 9 and the model has 9 outputs"),
        (CLASS_NUMBERS - 1, (10,), SPARSE, "the smallest label is -1"),
        (CLASS_NUMBERS + 0.5, (11,), SPARSE, "expects whole numbers"),
        (np.eye(10), (10,), SPARSE, "Labels with one value per class need CategoricalCross"),
        (CLASS_NUMBERS, (10,), ONE_HOT, "Class numbers need SparseCategoricalCrossentropy"),
        (CLASS_NUMBERS, (3,), "MeanSquaredError", "labels of the shape (3,), received one number"),
        (np.zeros((4, 2)), (1,), "BinaryCrossentropy", "the shape (1,), received labels of the"),
    ],
)
def test_labels_that_do_not_suit_are_refused_with_the_reason(labels, output, loss, told):
    with pytest.raises(DatasetError) as refused:
        check_labels("Training data", labels, output, loss)
    assert told in str(refused.value)


def test_a_class_that_the_loss_ignores_may_be_any_number():
    check_labels("Training data", np.array([-1, 0, 1]), (2,), SPARSE, ignored=-1)
