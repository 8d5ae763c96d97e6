from collections.abc import Callable
from typing import Any

import keras
import pytest

from nnt_contract.catalogue import installed
from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import choices
from nnt_simulation.errors import ModelError
from tests.simulation.every_choice import with_required

MAKE: dict[str, Callable[[KerasChoice], Any]] = {
    "optimizers": lambda choice: choices.optimizer(choice, 0.1),
    "loss_functions": choices.loss,
    "metrics": choices.metric,
}
NUMERIC = [
    pytest.param(make, entry, name, id=f"{entry.name}.{name}")
    for kind, make in MAKE.items()
    for entry in getattr(installed(), kind)
    for name, argument in entry.arguments.items()
    if {"number", "numbers"} & {*argument.types}
]


def test_an_optimizer_is_made_with_its_arguments_and_the_learning_rate():
    made = choices.optimizer(KerasChoice(name="RMSProp", conf={"rho": 0.8}), 0.03)
    assert isinstance(made, keras.optimizers.RMSprop)
    assert made.rho == 0.8
    assert float(made.learning_rate) == pytest.approx(0.03)


def test_arguments_that_all_optimizers_have_are_known():
    made = choices.optimizer(KerasChoice(name="adam", conf={"weight_decay": 0.01}), 0.1)
    assert made.weight_decay == 0.01


def test_a_number_that_no_float_holds_is_told():
    with pytest.raises(ModelError, match="loss function Huber cannot be made"):
        choices.loss(KerasChoice(name="Huber", conf={"delta": 10**400}))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy),
        ("mse", keras.losses.MeanSquaredError),
        ("kullback_leibler_divergence", keras.losses.KLDivergence),
    ],
)
def test_a_loss_is_made_by_any_of_its_names(name, expected):
    assert isinstance(choices.loss(KerasChoice(name=name)), expected)


@pytest.mark.parametrize(
    ("name", "conf", "told"),
    [
        ("sgd", {"momentum": 7}, r"cannot be made with \{'momentum': 7\}"),
        ("adam", {"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of `clipnorm`, `clipvalue`"),
    ],
)
def test_values_that_keras_does_not_take_are_told_in_its_words(name, conf, told):
    with pytest.raises(ModelError, match=told):
        choices.optimizer(KerasChoice(name=name, conf=conf), 0.1)


@pytest.mark.parametrize(
    ("name", "collected_as"),
    [("auc", "auc"), ("kl_divergence", "kl_divergence"), ("Huber", "huber")],
)
def test_a_metric_is_named_alike_however_many_were_made(name, collected_as):
    made = [choices.metric(KerasChoice(name=name)).name for _ in range(3)]
    assert made == [collected_as] * 3


def test_a_metric_that_keras_has_as_a_function_only_takes_the_arguments_of_the_function():
    made = choices.metric(KerasChoice(name="huber", conf={"delta": 0.5, "name": "small"}))
    made.update_state([[0.0]], [[3.0]])
    assert made.name == "small"
    assert float(made.result()) == pytest.approx(0.5 * 3 - 0.5 * 0.5**2)


@pytest.mark.parametrize(("make", "entry", "argument"), NUMERIC)
def test_a_number_may_be_written_without_a_point(make, entry, argument):
    def made(value: Any) -> str:
        try:
            config = make(with_required(entry, **{argument: value})).get_config()
        except ModelError:
            return "refused"
        return repr(config | {"name": "any"})  # Keras counts them

    of = entry.arguments[argument]
    values = [value for value in (0, 0.5, 1, 2, [0, 1], [1, 1]) if of.accepts(value)]
    found = [made(value) for value in values]
    assert found == [made(as_floats(value)) for value in values]
    assert {*found} != {"refused"}


def as_floats(value: Any) -> Any:
    return [float(one) for one in value] if isinstance(value, list) else float(value)
