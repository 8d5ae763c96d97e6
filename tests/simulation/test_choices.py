import keras
import pytest

from nnt_contract.simulation_config import KerasChoice
from nnt_simulation import choices
from nnt_simulation.errors import ModelError


@pytest.mark.parametrize("name", ["rmsprop", "RMSprop", "RMSProp"])
def test_an_optimizer_is_found_in_any_spelling_of_its_name(name):
    made = choices.optimizer(KerasChoice(name=name, conf={"rho": 0.8}), 0.03)
    assert isinstance(made, keras.optimizers.RMSprop)
    assert made.rho == 0.8
    assert float(made.learning_rate) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SparseCategoricalCrossentropy", keras.losses.SparseCategoricalCrossentropy),
        ("sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy),
        ("mse", keras.losses.MeanSquaredError),
        ("kl_divergence", keras.losses.KLDivergence),
        ("Huber", keras.losses.Huber),
    ],
)
def test_a_loss_is_found_in_any_spelling_of_its_name(name, expected):
    assert isinstance(choices.loss(KerasChoice(name=name)), expected)


def test_every_optimizer_and_loss_of_keras_can_be_made():
    for name in ("SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion"):
        choices.optimizer(KerasChoice(name=name), 0.1)
    for name in ("CategoricalHinge", "Poisson", "CosineSimilarity", "LogCosh", "Dice", "CTC"):
        choices.loss(KerasChoice(name=name))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("adm", "Adam"), ("RMSprob", "RMSprop"), ("StochasticGD", None), ("LossScaleOptimizer", None)],
)
def test_an_unknown_optimizer_is_told_with_the_nearest(name, meant):
    with pytest.raises(ModelError, match=f"There is no optimizer '{name}'") as refused:
        choices.optimizer(KerasChoice(name=name), 0.1)
    assert meant is None or meant in str(refused.value)


def test_an_unknown_loss_is_told_with_the_nearest():
    choice = KerasChoice(name="SparseCategoricalEntropy")
    with pytest.raises(ModelError, match="Near to it: SparseCategoricalCrossentropy"):
        choices.loss(choice)


@pytest.mark.parametrize(
    ("name", "conf", "told"),
    [
        ("adam", {"beta1": 0.9}, r"adam has no argument 'beta1'. Near to it: beta_1"),
        ("adam", {"beta_1": "high"}, r"'beta_1' is a number \(say 0.9\), received 'high'"),
        ("adam", {"clipnorm": "tight"}, "'clipnorm' is a number, received 'tight'"),
        ("adam", {"beta_2": None}, "'beta_2' is a number"),
        ("adam", {"amsgrad": 1}, r"'amsgrad' is true or false \(say False\), received 1"),
        ("adam", {"decay": 0.1}, "adam has no argument 'decay'"),
        ("sgd", {"momentum": 7}, r"cannot be made with \{'momentum': 7\}"),
        ("adam", {"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of `clipnorm`, `clipvalue`"),
    ],
)
def test_wrong_arguments_of_an_optimizer_are_told(name, conf, told):
    with pytest.raises(ModelError, match=told):
        choices.optimizer(KerasChoice(name=name, conf=conf), 0.1)


def test_arguments_that_all_optimizers_have_are_known():
    made = choices.optimizer(KerasChoice(name="adam", conf={"weight_decay": 0.01}), 0.1)
    assert made.weight_decay == 0.01


def test_wrong_arguments_of_a_loss_are_told():
    choice = KerasChoice(name="BinaryCrossentropy", conf={"from_logit": True})
    with pytest.raises(ModelError, match=r"has no argument 'from_logit'. Near to it: from_logits"):
        choices.loss(choice)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SparseCategoricalCrossentropy", True),
        ("BinaryFocalCrossentropy", True),
        ("SquaredHinge", True),
        ("MeanSquaredError", False),
        ("KLDivergence", False),
        ("Dice", False),
    ],
)
def test_losses_for_classes_are_told_from_others(name, expected):
    assert choices.is_for_classes(choices.loss(KerasChoice(name=name))) is expected
