"""The list of what a configuration file may say: it is that of the Keras that is installed."""

from importlib import resources

import keras
import pytest

from nnt_contract import catalogue as contract
from nnt_contract.catalogue import installed
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import catalogue, choices, keras_facts
from tests.simulation.every_choice import with_required

METRICS = [entry for entry in installed().metrics if not entry.stands_for]


def test_the_list_is_that_of_the_installed_keras():
    """Write it anew with `python -m nnt_simulation.catalogue`."""
    written = resources.files("nnt_contract").joinpath(contract.CATALOGUE_FILE).read_text()
    assert catalogue.as_text() == written


def test_facts_are_told_of_nothing_that_keras_does_not_have():
    keras_has = installed()
    assert {one.name for one in keras_has.loss_functions} == set(keras_facts.LOSSES)
    assert {one.name for one in keras_has.metrics} == set(keras_facts.METRICS)
    arguments = {
        name
        for entries in (keras_has.optimizers, keras_has.loss_functions, keras_has.metrics)
        for one in entries
        for argument in one.arguments
        for name in (argument, f"{argument} of {one.name}")
    }
    assert set(keras_facts.ARGUMENTS) <= arguments


@pytest.mark.parametrize(
    ("place", "find"),
    [
        ("optimizers", contract.optimizer),
        ("losses", contract.loss_function),
        ("metrics", contract.metric),
    ],
)
def test_every_text_that_keras_takes_is_found_as_the_same(place, find):
    module = getattr(keras.src, place)
    refused = {"Optimizer", "Loss", "LossFunctionWrapper", "Metric"}.union(
        *keras_facts.REFUSED.values()
    )
    for text, meant in module.ALL_OBJECTS_DICT.items():
        if meant.__name__ not in refused:
            assert contract.plain(find(text).name) == contract.plain(meant.__name__)


@pytest.mark.parametrize("entry", installed().optimizers, ids=lambda entry: entry.name)
def test_every_optimizer_is_made_of_its_defaults(entry):
    made = choices.optimizer(KerasChoice(name=entry.name, conf=defaults(entry)), 0.03)
    assert type(made).__name__ == entry.name
    assert float(made.learning_rate) == pytest.approx(0.03)


@pytest.mark.parametrize("entry", installed().loss_functions, ids=lambda entry: entry.name)
def test_every_loss_is_made_of_its_defaults(entry):
    made = choices.loss(KerasChoice(name=entry.name, conf=defaults(entry)))
    assert type(made).__name__ == entry.name


@pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.name)
def test_every_metric_is_made_of_its_defaults_under_the_name_it_is_collected_by(entry):
    made = choices.metric(with_required(entry, **defaults(entry)))
    assert made.name == entry.arguments["name"].default


def test_keras_takes_every_choice_of_every_argument():
    made = 0
    for make, entries in ((choices.loss, installed().loss_functions), (choices.metric, METRICS)):
        for entry in entries:
            for name, argument in entry.arguments.items():
                for text in argument.choices:
                    make(with_required(entry, **{name: text}))
                    made += 1
    assert made > 100


def defaults(entry):
    """Each of them is accepted."""
    conf = {
        name: argument.default
        for name, argument in entry.arguments.items()
        if not argument.required
    }
    assert all(entry.arguments[name].accepts(value) for name, value in conf.items())
    return conf
