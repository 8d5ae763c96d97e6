"""The configuration file: what it may say, and what is said about it when it is wrong."""

import json
import time

import pytest
from django.conf import settings
from django.test import override_settings

from nnt_contract.simulation_config import Configuration
from nnt_server.simulations.configuration_file import InvalidConfiguration, parse
from tests.conftest import FIXTURES
from tests.server.api.conftest import CONFIG


def complaints(**changes) -> dict[str, str]:
    """What is said about the usual file with these changes; `...` leaves a key out."""
    changed = {key.replace("__", "-"): value for key, value in changes.items()}
    content = {k: v for k, v in (CONFIG | changed).items() if v is not ...}
    with pytest.raises(InvalidConfiguration) as caught:
        parse(content)
    return {one.field: one.expected for one in caught.value.complaints}


def the_one(content) -> Configuration:
    """The configuration of the only simulation that a file makes."""
    [cell] = parse(content).cells
    assert cell.name == content["name"]
    return cell.configuration


def test_the_usual_file_is_understood():
    file = parse(CONFIG)
    assert (file.name, file.tags, file.seed) == ("digits", (), None)
    configuration = the_one(CONFIG)
    assert configuration.train.features == "x_train" and configuration.fold is None
    assert configuration.validation.labels == "y_val"


def test_both_names_of_the_list_of_losses_are_understood_but_not_together():
    losses = CONFIG["loss_functions"]
    content = {key: value for key, value in CONFIG.items() if key != "loss_functions"}
    assert the_one(content | {"loss_function": losses}).loss_function.conf
    assert "not both" in complaints(loss_function=losses)["loss_function"]
    wrong = complaints(loss_functions=..., loss_function=[{"loss_functoin": "x"}])
    assert wrong.keys() == {"loss_function.0.loss_function", "loss_function.0.loss_functoin"}


@pytest.mark.parametrize(
    "key", ["name", "total_epochs", "optimizers", "loss_functions", "learning_rates"]
)
@pytest.mark.parametrize("absent", [..., None])
def test_a_required_key_that_is_missing_is_named(key, absent):
    assert complaints(**{key: absent}) == {key: "it must be there"}


def test_null_is_absent():
    optional = ("batch_size", "dataset_train", "k-fold_validation", "tags", "seed", "limits", "gpu")
    assert the_one(CONFIG | dict.fromkeys(optional)) == the_one(CONFIG)


def test_urls_of_datasets_are_kept_by_part_and_the_empty_one_is_none():
    urls = {
        "dataset_val": "https://example.org/v?k=1",
        "dataset_test": "http://[2001:db8::1]:8080/",
    }
    assert parse(CONFIG | urls | {"dataset_train": ""}).urls == {
        "validation": urls["dataset_val"],
        "test": urls["dataset_test"],
    }


def test_everything_wrong_is_said_at_once():
    assert complaints(
        name="",
        total_epochs="20",
        batchsize=32,
        optimizers=[{"optimizer": "sgd", "conf": {"learning_rate": 0.1}}],
        loss_functions=[{"loss_function": "mse", "config": {}}],
        learning_rates=[0],
        dataset_train="ftp://example.org/train.npz",
        limits={"memory": 5},
        tags=["x" * 101],
        backend="jax",
    ).keys() == {
        *("name", "total_epochs", "batchsize", "optimizers.0.conf"),
        *("loss_functions.0.config", "learning_rates.0", "dataset_train"),
        *("limits.memory", "tags.0", "backend"),
    }


def test_choices_are_checked_whatever_else_is_wrong():
    found = complaints(
        total_epochs="x",
        optimizers=[
            {"optimizer": "adamm", "conf": {"a": {}}},
            {"optimiser": "adam"},
            {"optimizer": "adam", "conf": {"beta1": 0.9, "beta_2": []}, "more": 1},
        ],
        loss_functions=[7, {"loss_function": "mse"}],
        extra__metrics=[{"metric": "AUCC"}, {"metric": "AUC"}, {"metric": "F1Score", "conf": 3}],
    )
    assert found.keys() == {
        *("total_epochs", "optimizers.0.optimizer", "optimizers.0.conf.a"),
        *("optimizers.1.optimizer", "optimizers.1.optimiser"),
        *("optimizers.2.conf.beta1", "optimizers.2.conf.beta_2", "optimizers.2.more"),
        *("loss_functions.0", "extra-metrics.0.metric"),
        *("extra-metrics.1.metric", "extra-metrics.2.conf"),
    }
    assert "near to it: Adam" in found["optimizers.0.optimizer"]
    assert "a metric that suits MeanSquaredError" in found["extra-metrics.1.metric"]


def test_choices_are_checked_beside_too_many_of_them():
    optimizers = [{"optimizer": "adamm"}] + [{"optimizer": "adam"}] * 101
    assert complaints(optimizers=optimizers).keys() == {"optimizers", "optimizers.0.optimizer"}


def test_very_many_choices_are_refused_at_once():
    """Each alone takes a while, and each with each would take for ever."""
    many = {
        "optimizers": [{"optimizer": "a" * 100}] * 20_000,
        "loss_functions": [{"loss_function": "mse"}] * 20_000,
        "extra-metrics": [{"metric": "AUC", "conf": {"name": f"m{at}"}} for at in range(100)],
    }
    began = time.monotonic()
    found = complaints(**many)
    assert time.monotonic() - began < 10
    assert "at most 100 simulations" in found["optimizers"]


def test_a_combination_is_told_once():
    metrics = [{"metric": "AUC"}, {"metric": "AUC"}]
    losses = [{"loss_function": "bce"}, {"loss_function": "hinge"}]
    content = {
        "loss_functions": losses,
        "extra-metrics": metrics,
        "optimizers": [{"optimizer": "sgd"}] * 2,
    }
    with pytest.raises(InvalidConfiguration) as caught:
        parse(CONFIG | content)
    assert [one.field for one in caught.value.complaints] == ["extra-metrics"]


@pytest.mark.parametrize("none", [..., None, 0, 1])
def test_these_are_no_folds(none):
    content = {key: value for key, value in CONFIG.items() if key != "k-fold_validation"}
    told = {} if none is ... else {"k-fold_validation": none}
    assert the_one(content | told).fold is None


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"total_epoch": 3}, "total_epoch", "did you mean total_epochs?"),
        ({"k_fold_validation": 0}, "k_fold_validation", "did you mean k-fold_validation?"),
        ({"zzz": 0}, "zzz", "there are name, total_epochs"),
        ({"limits": {"cpu": 1}}, "limits.cpu", "did you mean cpu_s?"),
        ({"total_epochs": True}, "total_epochs", "integer"),
        ({"total_epochs": 10**7}, "total_epochs", "1000000"),
        ({"epoch_period": 0}, "epoch_period", "greater than or equal to 1"),
        ({"learning_rates": []}, "learning_rates", "at least 1 item"),
        ({"learning_rates": [10**400]}, "learning_rates.0", "number"),
        ({"learning_rates": 0.1}, "learning_rates", "list"),
        ({"learning_rates": [0.1] * 101}, "learning_rates", "at most 100 simulations"),
        ({"k-fold_validation": 101}, "k-fold_validation", "at most 100 simulations"),
        ({"k-fold_validation": 10**7}, "k-fold_validation", "1000000"),
        ({"k-fold_validation": "2"}, "k-fold_validation", "integer"),
        ({"k-fold_validation": -1}, "k-fold_validation", "0 or 1 for no folds, or 2 to 1000000"),
        ({"k-fold_validation": False}, "k-fold_validation", "integer"),
        ({"k-fold_validation": 2.5}, "k-fold_validation", "integer"),
        ({"k-fold_tag": "x" * 101}, "k-fold_tag", "100 characters"),
        (
            {"name": "x" * 197, "k-fold_validation": 2},
            "name",
            "at most 196 characters, because “ (2)”",
        ),
        ({"dataset_val": "file:///etc/passwd"}, "dataset_val", "begins with http:// or https://"),
        ({"dataset_val": "http://"}, "dataset_val", "and a host"),
        ({"dataset_val": "http://[::1"}, "dataset_val", "and a host"),
        ({"dataset_val": "http://x:99999/"}, "dataset_val", "and a host"),
        ({"dataset_val": "http://ada:secret@x/"}, "dataset_val", "without a name or a password"),
        ({"dataset_val": "http://x/a b"}, "dataset_val", "without spaces"),
        ({"dataset_val": "http://x/\x00"}, "dataset_val", "without spaces and control"),
        ({"dataset_val": "http://x/" + "y" * 2000}, "dataset_val", "at most 2,000 characters"),
        ({"dataset_val": 7}, "dataset_val", "string"),
        ({"backend": "jax"}, "backend", "'tensorflow' or 'torch'"),
        ({"gpu": "yes"}, "gpu", "boolean"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"seed": 2**31}, "seed", "less than or equal to"),
        ({"tags": "one"}, "tags", "list"),
        ({"extra-metrics": [{"metric": ""}]}, "extra-metrics.0.metric", "at least 1 character"),
    ],
)
def test_a_wrong_value_is_explained_by_name(changes, field, said):
    assert said in complaints(**changes)[field]


@pytest.mark.parametrize("value", [{"class_name": "Lambda"}, [{"a": 1}], ["a"], [[1]]])
@pytest.mark.parametrize(
    ("where", "one"),
    [
        ("optimizers", {"optimizer": "adam"}),
        ("loss_functions", {"loss_function": "bce"}),
        ("extra-metrics", {"metric": "AUC"}),
    ],
)
def test_a_conf_holds_no_objects(where, one, value):
    content = {where: [one | {"conf": {"a": value}}]}
    assert complaints(**content) == {
        f"{where}.0.conf.a": "a number, true, false, null, a string or a list of numbers"
    }


@pytest.mark.parametrize("value", [1, 1.5, True, None, "mean", [1, 2.5]])
def test_a_conf_holds_plain_values(value):
    content = {"optimizers": [{"optimizer": "adam", "conf": {"a": value}}]}
    [(field, expected)] = complaints(**content).items()
    assert field == "optimizers.0.conf.a" and expected.startswith("an argument of Adam")


def test_what_keras_does_not_have_or_combine_is_told_by_its_place_and_once():
    content = {
        "optimizers": [{"optimizer": "adam"}, {"optimizer": "adem"}],
        "loss_functions": [
            {"loss_function": "MeanSquaredError"},
            {"loss_function": "Huber", "conf": {"delta": "x"}},
        ],
        "learning_rates": [0.1, 0.2],
        "extra-metrics": [{"metric": "AUC"}],
    }
    found = complaints(**content)
    assert found.keys() == {
        "optimizers.1.optimizer",
        "loss_functions.1.conf.delta",
        "extra-metrics.0.metric",
    }
    assert "near to it: Adam" in found["optimizers.1.optimizer"]
    assert "a metric that suits MeanSquaredError" in found["extra-metrics.0.metric"]


def test_limits_keep_within_what_the_server_allows():
    told = settings.NNT.model_copy(update={"limit_memory_mb_max": 1000, "limit_cpu_s": 60})
    with override_settings(NNT=told):
        assert "At most 1,000 MiB" in complaints(limits={"memory_mb": 2000})["limits.memory_mb"]
        given = the_one(CONFIG | {"limits": {"wall_s": 5}}).limits
    assert (given.memory_mb, given.cpu_s, given.wall_s) == (1000, 60, 5)


def test_the_file_that_users_have_makes_a_simulation_for_each_rate_and_fold():
    file = parse(json.loads((FIXTURES / "experiment_config.json").read_text()))  # the report's
    assert [
        (cell.name, cell.configuration.learning_rate, cell.configuration.fold.index)
        for cell in file.cells
        if cell.configuration.fold is not None
    ] == [
        ("digits two rates (LR1) (1)", 0.01, 1),
        ("digits two rates (LR1) (2)", 0.01, 2),
        ("digits two rates (LR2) (1)", 0.001, 1),
        ("digits two rates (LR2) (2)", 0.001, 2),
    ]
    assert file.tags == ("digits", "first look", "digits folds")


def test_what_there_is_too_much_of_is_said_in_the_words_of_the_file():
    losses = CONFIG["loss_functions"]
    content = {key: value for key, value in CONFIG.items() if key != "loss_functions"}
    several = {"loss_function": losses * 51, "learning_rates": [0.1, 0.2]}
    with pytest.raises(InvalidConfiguration) as caught:
        parse(content | several)
    [complaint] = caught.value.complaints
    assert complaint.field == "loss_function"
    assert complaint.received == "102: 51 loss functions × 2 learning rates"


def test_a_fold_tag_is_of_folds_only():
    tagged = CONFIG | {"k-fold_tag": " folds ", "tags": ["folds", "mine"]}
    assert parse(tagged | {"tags": ["mine"], "k-fold_validation": 1}).tags == ("mine",)
    assert parse(tagged | {"k-fold_validation": 3}).tags == ("folds", "mine")
    assert parse(CONFIG | {"k-fold_tag": "", "k-fold_validation": 3}).tags == ()
