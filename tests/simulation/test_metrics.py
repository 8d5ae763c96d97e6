"""Extra metrics: collected under their names, and refused before an epoch is lost on them."""

import keras
import pytest

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED
from nnt_contract.simulation_config import KerasChoice
from nnt_contract.updates import INITIAL_EPOCH
from nnt_simulation import choices, metrics
from nnt_simulation.errors import ModelError
from tests.simulation.builders import make_run, run_attempt


def test_extra_metrics_and_their_validation_variants_are_collected(tmp_path, parser):
    extra = [
        KerasChoice(name="SparseTopKCategoricalAccuracy", conf={"k": 2}),
        KerasChoice(name="sparse_categorical_crossentropy", conf={"name": "ce"}),
        KerasChoice(name="accuracy"),  # is collected anyway
    ]
    make_run(tmp_path, extra_metrics=extra, parts=("train", "validation"))
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    names = {"loss", "accuracy", "sparse_top_k_categorical_accuracy", "ce"}
    for received in parser.collections:
        if received.update.epoch != INITIAL_EPOCH:
            assert set(received.update.logs) == names | {f"val_{name}" for name in names}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["KLDivergnce"], "There is no metric 'KLDivergnce' in Keras. Near to it: KLDivergence"),
        (["KLDivergence"], "The metric KLDivergence cannot be computed of labels of the shape ()"),
        (["AUC", "auc"], "More than one metric is named 'auc'"),
        (["Mean"], "There is no metric 'Mean'"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_told_before_the_first_epoch(
    tmp_path, parser, asked, told
):
    make_run(tmp_path, extra_metrics=[KerasChoice(name=name) for name in asked])
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert told in parser.errors[0] and parser.collections == []


def test_a_metric_of_several_values_is_refused(tmp_path):
    labels = keras.utils.to_categorical([0, 1, 2], 3)
    run = make_run(tmp_path, extra_metrics=[KerasChoice(name="F1Score")])
    loss = keras.losses.CategoricalCrossentropy()
    with pytest.raises(ModelError, match="gives 3 values, one for each class"):
        metrics.check(run.configuration, loss, labels, (3,))


def test_a_metric_is_named_alike_however_many_were_made():
    for name, collected_as in (("AUC", "auc"), ("KLDivergence", "kl_divergence")):
        made = [choices.metric(KerasChoice(name=name)).name for _ in range(3)]
        assert made == [collected_as] * 3
