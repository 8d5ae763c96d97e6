"""What is wrong with an optimizer, a loss function and metrics, told where there is no Keras."""

import json

import pytest

from nnt_contract.catalogue import installed
from nnt_contract.keras_choice import collected, collected_as, complaints, misfits, problems
from nnt_contract.keras_model import sentences
from nnt_contract.simulation_config import Configuration, KerasChoice
from tests.conftest import FIXTURES, ROOT

EXAMPLE = ROOT / "contract" / "examples" / "configuration.json"


def choice(name, /, **conf):
    return KerasChoice(name=name, conf=conf)


def configuration(**changes):
    example = Configuration.model_validate_json(EXAMPLE.read_text())
    return example.model_copy(update=changes)


def told(kind, name, **conf):
    return " ".join(sentences(complaints(kind, choice(name, **conf))))


def test_the_reports_own_configuration_has_no_problems():
    file = json.loads((FIXTURES / "experiment_config.json").read_text())
    [optimizer], [loss] = file["optimizers"], file["loss_functions"]
    metrics = [choice(one["metric"], **one["conf"]) for one in file["extra-metrics"]]
    asked = configuration(
        optimizer=choice(optimizer["optimizer"], **optimizer["conf"]),
        loss_function=choice(loss["loss_function"], **loss["conf"]),
        extra_metrics=metrics,
    )
    assert [one.name for one in metrics] == ["KLDivergence", "LogCoshError"]
    assert problems(asked) == []


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        ("optimizer", "adm", "an optimizer of Keras"),
        ("optimizer", "adm", "near to it: Adam"),
        ("optimizer", "RMSprob", "near to it: RMSprop"),
        ("optimizer", "gradient descent", "there are Adadelta, Adafactor, "),
        ("loss function", "SparseCategoricalEntropy", "near to it: SparseCategoricalCrossentropy"),
        ("loss function", "AUC", "there are BinaryCrossentropy, "),
        ("metric", "KLDivergnce", "near to it: KLDivergence"),
        ("metric", "Mean", "near to it: MeanIoU"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_or_with_all(kind, name, near):
    [complaint] = complaints(kind, choice(name))
    assert complaint.field == "name" and complaint.received == repr(name)
    assert near in complaint.expected


@pytest.mark.parametrize(
    ("kind", "name", "conf", "expected"),
    [
        ("optimizer", "adam", {"beta1": 0.9}, "an argument of Adam (near to it: beta_1, "),
        ("optimizer", "adam", {"decay": 0.1}, "there are amsgrad, beta_1, "),
        ("optimizer", "adam", {"lr": 0.1}, "an argument of Adam ("),
        ("optimizer", "adam", {"beta_1": "high"}, "conf.beta_1: expected a number (say 0.9)"),
        ("optimizer", "adam", {"clipnorm": "tight"}, "a number or null, received 'tight'"),
        ("optimizer", "adam", {"beta_2": None}, "a number (say 0.999), received None"),
        ("optimizer", "adam", {"amsgrad": 1}, "true or false (say False), received 1"),
        ("optimizer", "muon", {"ns_steps": 2.5}, "a whole number (say 5), received 2.5"),
        ("loss function", "bce", {"from_logit": True}, "near to it: from_logits"),
        ("loss function", "mse", {"reduction": "auto"}, "'mean' or 'mean_with_sample_weight' or"),
        ("metric", "AUC", {"curve": "roc"}, "'PR' or 'PRGAIN' or 'ROC' (say 'ROC')"),
        ("metric", "MeanIoU", {}, "conf.num_classes: expected a whole number, received nothing"),
        ("metric", "F1Score", {}, "one value for each class, and a metric has one"),
        ("metric", "F1Score", {"average": None}, "'macro' or 'micro' or 'weighted'; otherwise"),
        ("metric", "R2Score", {"class_aggregation": None}, "one value for each class"),
        ("metric", "Precision", {"thresholds": [0.2, 0.5]}, "several would give as many values"),
    ],
)
def test_a_wrong_argument_is_told_with_what_is_expected(kind, name, conf, expected):
    assert expected in told(kind, name, **conf)


def test_every_wrong_argument_is_told_at_once():
    found = complaints("metric", choice("MeanIoU", axis="last", classes=3))
    assert [one.field for one in found] == ["conf.axis", "conf.classes", "conf.num_classes"]


def test_a_name_and_a_value_without_end_are_cut():
    [found] = complaints("optimizer", choice("adam", **{"a" * 1000: "b" * 1000}))
    assert max(map(len, (found.field, str(found.received)))) < 100


@pytest.mark.parametrize(
    ("loss", "metric", "reason"),
    [
        ("MeanSquaredError", "AUC", "AUC, which compares each output with a class"),
        ("mse", "accuracy", "Accuracy, which compares each output with a class"),
        ("Poisson", "SparseCategoricalAccuracy", "regression, whose labels are numbers"),
        ("CategoricalHinge", "CategoricalCrossentropy", "probabilities, not scores"),
        ("CTC", "MeanSquaredError", "there is none"),
        ("Circle", "Accuracy", "classes that no output stands for"),
    ],
)
def test_a_metric_that_means_nothing_with_a_loss_is_refused_with_the_reason(loss, metric, reason):
    [found] = misfits(choice(loss), choice(metric))
    assert reason in f"{found.expected} {found.received}"


def test_the_metrics_that_a_refusal_names_are_accepted():
    [found] = misfits(choice("mse"), choice("AUC"))
    named = found.expected.partition("one of ")[2].split(", ")
    assert "RootMeanSquaredError" in named
    assert not any(misfits(choice("mse"), choice(name)) for name in named)


@pytest.mark.parametrize("loss", [one.name for one in installed().loss_functions])
def test_a_loss_for_classes_has_an_accuracy_and_no_other_is_given_one(loss):
    entropies_and_hinges = loss.lower().endswith(("entropy", "hinge"))
    assert [one.name for one in collected(choice(loss), [])] == ["accuracy"] * entropies_and_hinges
    if entropies_and_hinges:
        assert misfits(choice(loss), choice("accuracy")) == []


def test_accuracy_is_collected_once_unless_it_was_asked_for_under_another_name():
    asked = [choice("Accuracy"), choice("acc"), choice("accuracy", name="right"), choice("AUC")]
    names = [collected_as(one) for one in collected(choice("Hinge"), asked)]
    assert names == ["accuracy", "right", "auc"]
    assert collected(choice("KLDivergence"), asked) == asked


def test_problems_are_found_in_all_choices_at_once():
    asked = configuration(
        optimizer=choice("adm"),
        loss_function=choice("mse", delta=1),
        extra_metrics=[choice("AUC"), choice("F1Scor")],
    )
    fields = [one.field for one in problems(asked)]
    assert fields == ["optimizer.name", "loss_function.conf.delta", "extra_metrics.1.name"]


def test_metrics_that_do_not_suit_the_loss_are_problems_whatever_else_is_wrong():
    extra = [choice("mae"), choice("AUC"), choice("Recall", top=3)]
    asked = configuration(optimizer=choice("adm"), loss_function=choice("mse"), extra_metrics=extra)
    fields = [one.field for one in problems(asked)]
    assert fields == ["optimizer.name", "extra_metrics.2.conf.top", "extra_metrics.1.name"]


@pytest.mark.parametrize(
    "metrics",
    [
        [choice("AUC"), choice("auc")],
        [choice("AUC", name="loss")],
        [choice("AUC", name="accuracy")],
        [choice("AUC", name="val_loss")],
        [choice("AUC", name="one"), choice("Recall", name="val_one")],
    ],
)
def test_metrics_that_would_be_collected_under_one_name_are_problems(metrics):
    asked = configuration(loss_function=choice("bce"), extra_metrics=metrics)
    [found] = problems(asked)
    assert found.field == "extra_metrics" and "2 that are named" in str(found.received)
