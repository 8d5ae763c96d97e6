"""The value of a metric, whichever form of labels and outputs a loss function takes."""

import keras
import numpy as np
import pytest

from nnt_contract import catalogue
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import metrics
from tests.simulation.every_choice import configuration, with_required

LOGITS = np.array([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3], [-3.0, 1.0, 4.0], [1.0, 3.0, 0.0]])
NUMBERS = np.array([0, 1, 2, 2])
ONE_HOT = np.eye(3)[NUMBERS]
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
SCORES, YES = np.array([[-0.4], [0.3], [2.0], [-1.0]]), np.array([0, 1, 1, 1])
CHANCES = 1 / (1 + np.exp(-SCORES))


def choice(name, /, **conf):
    return KerasChoice(name=name, conf=conf)


def value(loss, metric, labels, outputs):
    [*_, made] = metrics.metrics_for(configuration(loss, *([metric] if metric else [])), True)
    for rows in (slice(0, 1), slice(1, None)):
        made.update_state(labels[rows], outputs[rows].astype(np.float32))
    return float(made.result())


def keras_value(made, labels, outputs):
    made.update_state(labels, outputs.astype(np.float32))
    return pytest.approx(float(made.result()), rel=1e-4)


SPARSE = choice("SparseCategoricalCrossentropy")
SPARSE_LOGITS = choice("SparseCategoricalCrossentropy", from_logits=True)
WITH_ONE_HOT = choice("CategoricalCrossentropy")
ONE_HOT_LOGITS = choice("categorical_crossentropy", from_logits=True)
DENSE = {
    "KLDivergence": keras.metrics.KLDivergence,
    "LogCoshError": keras.metrics.LogCoshError,
    "AUC": keras.metrics.AUC,
    "Precision": keras.metrics.Precision,
    "CategoricalAccuracy": keras.metrics.CategoricalAccuracy,
    "TopKCategoricalAccuracy": lambda: keras.metrics.TopKCategoricalAccuracy(2),
    "R2Score": keras.metrics.R2Score,
}
OF_THREE = {"TopKCategoricalAccuracy": {"k": 2}}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize(
    ("loss", "labels", "outputs"),
    [
        (SPARSE, NUMBERS, PROBABILITIES),
        (SPARSE, NUMBERS[:, None], PROBABILITIES),
        (SPARSE_LOGITS, NUMBERS, LOGITS),
        (WITH_ONE_HOT, ONE_HOT, PROBABILITIES),
        (ONE_HOT_LOGITS, ONE_HOT, LOGITS),
    ],
)
def test_a_metric_of_dense_labels_is_that_of_one_hot_labels_and_probabilities(
    name, loss, labels, outputs
):
    expected = keras_value(DENSE[name](), ONE_HOT, PROBABILITIES)
    assert value(loss, choice(name, **OF_THREE.get(name, {})), labels, outputs) == expected


@pytest.mark.parametrize("name", ["sparse_categorical_accuracy", "crossentropy", "acc"])
def test_a_metric_of_class_numbers_takes_one_hot_labels_too(name):
    metric = choice(name, name="mine")
    of_numbers = value(SPARSE_LOGITS, metric, NUMBERS, LOGITS)
    assert value(WITH_ONE_HOT, metric, ONE_HOT, PROBABILITIES) == pytest.approx(of_numbers)


@pytest.mark.parametrize("sparse", [True, False])
def test_overlaps_are_of_predicted_classes_whatever_is_said_of_sparseness(sparse):
    metric = choice("MeanIoU", num_classes=3, sparse_y_true=sparse, sparse_y_pred=sparse)
    expected = keras_value(keras.metrics.MeanIoU(3), NUMBERS, LOGITS.argmax(axis=1))
    assert value(SPARSE_LOGITS, metric, NUMBERS, LOGITS) == expected
    assert value(WITH_ONE_HOT, metric, ONE_HOT, PROBABILITIES) == expected


OF_TWO = {"MeanIoU": {"num_classes": 2}}


@pytest.mark.parametrize(
    ("loss", "labels", "outputs"),
    [
        (choice("BinaryCrossentropy"), YES, CHANCES),
        (choice("BinaryCrossentropy"), YES[:, None], CHANCES),
        (choice("bce", from_logits=True), YES, SCORES),
        (choice("Hinge"), YES, SCORES),
        (choice("SquaredHinge"), 2 * YES - 1, SCORES),
    ],
)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", 0.75),
        ("BinaryAccuracy", 0.75),
        ("Recall", 2 / 3),
        ("AUC", 2 / 3),
        ("FalseNegatives", 1),
        ("MeanIoU", (1 / 2 + 2 / 3) / 2),
    ],
)
def test_of_one_output_yes_is_more_likely_than_not(loss, labels, outputs, name, expected):
    metric = None if name == "accuracy" else choice(name, **OF_TWO.get(name, {}))
    assert value(loss, metric, labels, outputs) == pytest.approx(expected, abs=1e-5)


def test_several_answers_for_each_row_are_right_one_by_one():
    labels, outputs = np.array([[1, 1, 0], [0, 1, 0]]), np.array([[0.9, 0.8, 0.1], [0.9, 0.4, 0.2]])
    assert value(choice("bce"), None, labels, outputs) == pytest.approx(4 / 6)


def test_a_metric_that_says_it_takes_logits_is_given_them():
    metric = choice("CategoricalCrossentropy", from_logits=True)
    expected = keras_value(keras.metrics.CategoricalCrossentropy(), ONE_HOT, PROBABILITIES)
    assert value(SPARSE_LOGITS, metric, NUMBERS, LOGITS) == expected


def test_margins_are_those_of_the_outputs_as_they_are():
    expected = keras_value(keras.metrics.CategoricalHinge(), ONE_HOT, LOGITS)
    assert value(SPARSE_LOGITS, choice("CategoricalHinge"), NUMBERS, LOGITS) == expected


@pytest.mark.parametrize("ignored", [-1, 2, 255])
@pytest.mark.parametrize("name", ["Accuracy", "KLDivergence", "AUC", "MeanIoU", "F1Score"])
def test_labels_that_the_loss_ignores_do_not_count(name, ignored):
    metric = with_required(catalogue.metric(name), name="mine")
    rest, labels = NUMBERS != 2, np.where(NUMBERS == 2, ignored, NUMBERS)
    loss = choice("SparseCategoricalCrossentropy", from_logits=True, ignore_class=ignored)
    expected = value(SPARSE_LOGITS, metric, NUMBERS[rest], LOGITS[rest])
    assert value(loss, metric, labels, LOGITS) == pytest.approx(expected)


@pytest.mark.parametrize(("loss", "activation"), [(SPARSE, "softmax"), (SPARSE_LOGITS, None)])
def test_padded_steps_do_not_count(loss, activation):
    words = np.array([[1, 2, 0], [3, 0, 0]])
    embedding = keras.layers.Embedding(4, 3, mask_zero=True)
    dense = keras.layers.Dense(3, activation=activation)
    outputs = keras.Sequential([keras.Input((3,)), embedding, dense])(words)
    labels = keras.ops.convert_to_numpy(outputs).argmax(axis=-1)
    labels[words == 0] = (labels[words == 0] + 1) % 3
    [accuracy] = metrics.metrics_for(configuration(loss), True)
    accuracy.update_state(labels, outputs)
    assert float(accuracy.result()) == 1


def test_a_metric_begins_anew_with_each_epoch():
    [made] = metrics.metrics_for(configuration(SPARSE), True)
    made.update_state(NUMBERS, PROBABILITIES)
    made.reset_state()
    assert float(made.result()) == 0
