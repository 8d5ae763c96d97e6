"""Everything that the catalogue offers trains, and every metric is computed with every loss it suits."""

import math

import numpy as np
import pytest

from nnt_contract import keras_choice
from nnt_contract.catalogue import installed
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import metrics, models, suitability
from nnt_simulation.errors import ModelError
from tests.simulation.every_choice import (
    configuration,
    features,
    labels_for,
    model_for,
    with_required,
)

LOSSES = installed().loss_functions
MSE = next(one for one in LOSSES if one.name == "MeanSquaredError")
OF_ONE_OUTPUT = [one for one in LOSSES if one.labels == "like the output"]


def train(asked, loss, outputs):
    """What is collected of one epoch of two steps."""
    labels, model = labels_for(loss, outputs), model_for(loss, outputs)
    models.compile_for(model, asked, True)
    suitability.check_labels("Training data", labels, model.output_shape[1:], loss.name)
    metrics.check(asked, labels, model.output_shape[1:])
    history = model.fit(features(), labels, batch_size=4, verbose=0).history
    return {name: value for name, [value] in history.items()}


@pytest.mark.parametrize("entry", installed().optimizers, ids=lambda entry: entry.name)
def test_every_optimizer_trains(entry):
    asked = configuration(KerasChoice(name="mse"), optimizer=KerasChoice(name=entry.name))
    assert math.isfinite(train(asked, MSE, 2)["loss"])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_loss_trains_and_has_an_accuracy_where_it_means_something(loss):
    collected = train(configuration(KerasChoice(name=loss.name)), loss, 3)
    assert math.isfinite(collected["loss"])
    assert set(collected) == {"loss"} | ({"accuracy"} if loss.is_for_classes else set())


def suited(loss):
    """Every metric, as a choice, that suits the loss."""
    chosen = KerasChoice(name=loss.name)
    every = [with_required(metric) for metric in installed().metrics]
    return [metric for metric in every if not keras_choice.misfits(chosen, metric)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_metric_is_a_number_with_every_loss_it_suits(loss):
    labels, model = labels_for(loss, 3), model_for(loss, 3)
    predictions = model(features())
    for choice in suited(loss):
        asked = configuration(KerasChoice(name=loss.name), choice)
        metrics.check(asked, labels, model.output_shape[1:])
        metric = metrics.metrics_for(asked, True)[-1]
        metric.update_state(labels, predictions)
        assert np.ndim(metric.result()) == 0, choice.name


@pytest.mark.parametrize("loss", OF_ONE_OUTPUT, ids=lambda loss: loss.name)
def test_of_one_output_a_metric_is_a_number_or_is_refused_with_the_reason(loss):
    labels, model = labels_for(loss, 1)[:, 0], model_for(loss, 1)
    predictions = model(features())
    for choice in suited(loss):
        asked = configuration(KerasChoice(name=loss.name), choice)
        try:
            metrics.check(asked, labels, (1,))
        except ModelError as refused:
            assert "compares outputs" in str(refused) or "needs a threshold" in str(refused)
            continue
        metric = metrics.metrics_for(asked, True)[-1]
        metric.update_state(labels, predictions)
        assert math.isfinite(float(metric.result())), choice.name


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "BinaryCrossentropy", "Huber"])
def test_all_suitable_metrics_are_collected_of_a_training(name):
    loss = next(one for one in LOSSES if one.name == name)
    extra = suited(loss)
    collected = train(configuration(KerasChoice(name=name), *extra), loss, 3)
    assert set(collected) == {"loss"} | {keras_choice.collected_as(one) for one in extra}
