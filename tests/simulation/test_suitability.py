import numpy as np
import pytest

from nnt_simulation.errors import DatasetError
from nnt_simulation.suitability import check_batches, check_labels

SPARSE, ONE_HOT = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"
CLASS_NUMBERS = np.array([0, 1, 2, 9])


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
        (CLASS_NUMBERS, (3,), "Circle"),
        (CLASS_NUMBERS[:, None], (3,), "Circle"),
        (np.array([[1, 2, 0], [3, 0, 0]]), (2, 4), "CTC"),
        (np.array([[0.9, 0.1]]), (2,), "KLDivergence"),
        (np.array([[-1.0, 1.0]]), (2,), "SquaredHinge"),
        (np.array([[1 + 1e-6, 0]], np.float32), (2,), ONE_HOT),
        (np.array([[True, False]]), (2,), "Dice"),
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
        (CLASS_NUMBERS, (1,), "BinaryCrossentropy", "expects labels from 0 to 1, received labels"),
        (np.array([[0.5, -0.5]]), (2,), ONE_HOT, "labels from 0 to 1, received labels from -0.5"),
        (CLASS_NUMBERS, (1,), "Hinge", "labels from -1 to 1, received labels from 0 to 9"),
        (CLASS_NUMBERS[:, None], (1,), ONE_HOT, "an output for each class, received one output"),
        (CLASS_NUMBERS, (3, 10), "Circle", "whose output for each row is one vector"),
        (np.eye(10), (10,), "Circle", "expects for each row one number as label"),
        (
            CLASS_NUMBERS[:, None],
            (10,),
            "CategoricalGeneralizedCrossEntropy",
            "one number as label",
        ),
        (CLASS_NUMBERS, (10,), "CTC", "an output of the shape (steps, classes)"),
        (CLASS_NUMBERS, (5, 10), "CTC", "labels of the shape (any,), received one number"),
        (np.array([[1, 2, 3]]), (2, 4), "CTC", "a row has 3 labels and the model's output 2 steps"),
        (np.array([[4, 0]]), (2, 4), "CTC", "the largest label is 4 and the model has 4 outputs"),
    ],
)
def test_labels_that_do_not_suit_are_refused_with_the_reason(labels, output, loss, told):
    with pytest.raises(DatasetError) as refused:
        check_labels("Training data", labels, output, loss)
    assert told in str(refused.value)


def test_a_model_for_batches_of_any_size_takes_every_number_of_rows():
    check_batches(None, 32, {"Training data": 33})


def test_a_model_for_batches_of_one_size_takes_those_only():
    check_batches(8, 8, {"Training data": 16, "Test data": 0})
    with pytest.raises(DatasetError, match="expected 8 as batch size, received 32"):
        check_batches(8, 32, {"Training data": 64})
    with pytest.raises(DatasetError, match=r"Test data: expected a multiple of 8 .* received 17"):
        check_batches(8, 8, {"Training data": 16, "Test data": 17})


def test_a_class_that_the_loss_ignores_may_be_any_number():
    check_labels("Training data", np.array([-1, 0, 1]), (2,), SPARSE, ignored=-1)
