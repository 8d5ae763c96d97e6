"""Whether labels tell classes apart, and what is left out where they do not."""

import numpy as np
import pytest
from keras import layers

from nnt_contract import catalogue
from nnt_contract.environment import EXIT_FINISHED
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import class_labels
from tests.simulation.builders import data, make_run, model_json, run_attempt
from tests.simulation.fake_parser import records_of

PARTS = ("train", "validation", "test")


@pytest.mark.parametrize(
    ("loss", "labels", "are"),
    [
        ("BinaryCrossentropy", [0, 1, 1], True),
        ("BinaryCrossentropy", [1.0, 0.0], True),
        ("BinaryCrossentropy", [True, False], True),
        ("BinaryCrossentropy", [0, 0.5, 1], False),
        ("BinaryFocalCrossentropy", [0.1, 0.2], False),
        ("Hinge", [-1, 1, 1], True),
        ("Hinge", [0.0, 1.0], True),
        ("Hinge", [-1, 0, 1], False),
        ("SquaredHinge", [-0.5, 1], False),
        ("SparseCategoricalCrossentropy", [0, 1, 2], True),
        ("CategoricalCrossentropy", [[0.3, 0.7]], True),
        ("MeanSquaredError", [0, 1], False),
        ("Dice", [0, 1], False),
    ],
)
def test_labels_are_classes_where_each_is_one(loss, labels, are):
    assert class_labels.are_classes([np.array(labels)], catalogue.loss_function(loss)) == are


def test_all_parts_have_to_agree():
    loss = catalogue.loss_function("BinaryCrossentropy")
    assert not class_labels.are_classes([np.array([0, 1]), np.array([0.5])], loss)
    assert class_labels.are_classes([np.array([0, 1]), np.array([1, 1])], loss)


def fractions(outputs: int) -> dict[str, np.ndarray]:
    values = 1 / (1 + np.exp(-data()["x"]))
    return {"x": values, "y": values if outputs > 1 else values[:, 0]}


@pytest.mark.parametrize("outputs", [1, 6])
@pytest.mark.parametrize("loss", ["BinaryCrossentropy", "Hinge"])
def test_labels_that_are_fractions_have_no_accuracy_and_no_classes(tmp_path, parser, loss, outputs):
    make_run(
        tmp_path,
        data=fractions(outputs),
        parts=PARTS,
        model=model_json(layers.Dense(outputs, "sigmoid")),
        loss_function=KerasChoice(name=loss),
        extra_metrics=[KerasChoice(name="BinaryAccuracy")],
        total_epochs=1,
    )
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED, parser.errors
    chosen = {"loss", "binary_accuracy"}
    logs = parser.collections[-1].update.logs
    assert logs.keys() == chosen | {f"val_{name}" for name in chosen}
    [evaluation] = records_of(parser, "evaluation")
    assert evaluation.metrics.keys() == chosen
    assert (evaluation.confusion, evaluation.classes, evaluation.cut_points) == (None, None, None)
    [remark] = evaluation.remarks
    assert remark.startswith("The labels are not all 0 or 1")


def test_who_chose_the_accuracy_of_fractions_has_it(tmp_path, parser):
    make_run(
        tmp_path,
        data=fractions(1),
        model=model_json(layers.Dense(1, "sigmoid")),
        loss_function=KerasChoice(name="BinaryCrossentropy"),
        extra_metrics=[KerasChoice(name="accuracy")],
        total_epochs=1,
    )
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert parser.collections[-1].update.logs.keys() == {"loss", "accuracy"}
