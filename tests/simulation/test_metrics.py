"""Metrics: collected under their names, or refused before an epoch is lost on them."""

import keras
import numpy as np
import pytest

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED
from nnt_contract.simulation_config import KerasChoice
from nnt_contract.updates import INITIAL_EPOCH
from nnt_simulation import metrics
from nnt_simulation.errors import ModelError
from tests.simulation.builders import make_run, run_attempt
from tests.simulation.every_choice import configuration

SPARSE = KerasChoice(name="SparseCategoricalCrossentropy")
ONE_HOT = KerasChoice(name="CategoricalCrossentropy")
BINARY = KerasChoice(name="BinaryCrossentropy")
SQUARES = KerasChoice(name="mse")


def choice(name, /, **conf):
    return KerasChoice(name=name, conf=conf)


def test_extra_metrics_and_their_validation_variants_are_collected(tmp_path, parser):
    extra = [
        choice("SparseTopKCategoricalAccuracy", k=2),
        choice("sparse_categorical_crossentropy", name="ce"),
        choice("accuracy"),  # is collected anyway
    ]
    make_run(tmp_path, extra_metrics=extra, parts=("train", "validation"))
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    names = {"loss", "accuracy", "sparse_top_k_categorical_accuracy", "ce"}
    for received in parser.collections:
        if received.update.epoch != INITIAL_EPOCH:
            assert set(received.update.logs) == names | {f"val_{name}" for name in names}


def test_the_reports_metrics_are_collected_of_class_numbers(tmp_path, parser):
    make_run(tmp_path, extra_metrics=[choice("KLDivergence"), choice("LogCoshError")])
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    logs = parser.collections[-1].update.logs
    assert set(logs) == {"loss", "accuracy", "kl_divergence", "logcosh"}
    # Of one-hot labels and probabilities it is what the loss is.
    assert logs["kl_divergence"] == pytest.approx(logs["loss"], rel=1e-4)
    assert 0 < logs["logcosh"] < np.log(np.cosh(1))


def test_a_metric_that_compares_more_outputs_than_there_are_is_refused_by_torch_alone(
    tmp_path, parser
):
    make_run(tmp_path, extra_metrics=[choice("SparseTopKCategoricalAccuracy")])
    run_attempt(tmp_path, parser.url)
    refused = [told for told in parser.errors if "compares 5 outputs, and the model has 3" in told]
    assert len(refused) == (keras.backend.backend() == "torch")
    assert len(parser.collections) == (0 if refused else 1 + 3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["KLDivergnce"], "extra_metrics.0.name: expected a metric of Keras"),
        (["AUC", "auc"], "received 2 that are named 'auc'"),
        (["AUC", "F1Score"], "extra_metrics.1.conf.average: expected 'macro' or 'micro'"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_epoch(tmp_path, parser, asked, told):
    make_run(tmp_path, extra_metrics=[choice(name) for name in asked])
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert told in parser.errors[0] and parser.collections == []


@pytest.mark.parametrize(
    ("loss", "metric", "labels", "outputs", "told"),
    [
        (SPARSE, choice("Precision", class_id=3), np.array([0, 1]), 3, "cannot be computed of"),
        (SPARSE, choice("MeanIoU", num_classes=2), np.array([0, 1]), 3, "needs num_classes 3"),
        (BINARY, choice("CategoricalAccuracy"), np.array([0, 1]), 1, "compares outputs"),
        (BINARY, choice("F1Score", average="micro"), np.array([0, 1]), 1, "needs a threshold"),
        (SQUARES, choice("PearsonCorrelation"), np.array([0, 1]), 1, "compares outputs"),
    ],
)
def test_a_metric_that_the_model_cannot_have_is_refused(loss, metric, labels, outputs, told):
    with pytest.raises(ModelError, match=told):
        metrics.check(configuration(loss, metric), labels, (outputs,))


@pytest.mark.parametrize(
    ("loss", "metric", "labels"),
    [
        (BINARY, choice("F1Score", average="micro", threshold=0.5), np.array([0, 1])),
        (BINARY, choice("MeanIoU", num_classes=2), np.array([0, 1])),
        (SQUARES, choice("PearsonCorrelation", axis=0), np.array([[0], [1]])),
    ],
)
def test_of_one_output_a_metric_can_be_had_with_the_right_arguments(loss, metric, labels):
    metrics.check(configuration(loss, metric), labels, (1,))
