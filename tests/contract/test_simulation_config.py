import json

import pytest
from pydantic import ValidationError

from nnt_contract.simulation_config import Configuration, collected_epochs
from tests.conftest import ROOT

EXAMPLE = json.loads((ROOT / "contract" / "examples" / "configuration.json").read_text())


def test_the_reports_settings_make_eleven_collections():
    assert collected_epochs(20, 2) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19]


@pytest.mark.parametrize(
    ("total", "period", "expected"),
    [(1, 1, [0]), (3, 1, [0, 1, 2]), (5, 2, [0, 2, 4]), (4, 10, [0, 3]), (1, 10, [0])],
)
def test_the_first_and_the_last_epoch_are_always_collected(total, period, expected):
    assert collected_epochs(total, period) == expected


@pytest.mark.parametrize("value", [1, 0.5, True, None, "text", [1, 2.5], []])
def test_arguments_may_be_plain_values_and_lists_of_numbers(value):
    Configuration.model_validate(EXAMPLE | {"optimizer": {"name": "adam", "conf": {"x": value}}})


@pytest.mark.parametrize("value", [{"class_name": "Lambda"}, [[1]], ["text"], [{"a": 1}]])
def test_arguments_are_never_objects(value):
    with pytest.raises(
        ValidationError, match="a number, true, false, null, a string or a list of numbers"
    ):
        Configuration.model_validate(
            EXAMPLE | {"optimizer": {"name": "adam", "conf": {"x": value}}}
        )


def test_a_learning_rate_among_the_optimizers_arguments_is_refused():
    with pytest.raises(ValidationError, match="learning_rate"):
        Configuration.model_validate(
            EXAMPLE | {"optimizer": {"name": "adam", "conf": {"learning_rate": 1}}}
        )


@pytest.mark.parametrize(
    "fold", [{"index": 0, "count": 2}, {"index": 3, "count": 2}, {"index": 1, "count": 1}]
)
def test_a_fold_is_one_of_at_least_two(fold):
    with pytest.raises(ValidationError, match="fold"):
        Configuration.model_validate(EXAMPLE | {"fold": fold})
    Configuration.model_validate(EXAMPLE | {"fold": {"index": 2, "count": 2}})
