"""What is known of labels before a launch: never more than the report says."""

import json

import pytest

from nnt_contract import suitability
from nnt_contract.data_report import DataReport, LabelReport
from nnt_contract.model_report import ModelReport
from nnt_contract.simulation_config import Configuration
from nnt_contract.suitability import Labels
from tests.conftest import ROOT

EXAMPLES = ROOT / "contract" / "examples"
MODEL = ModelReport.model_validate_json((EXAMPLES / "model_report.json").read_text())
CONFIGURATION = Configuration.model_validate_json((EXAMPLES / "configuration.json").read_text())
CLASSES = [{"value": 0, "rows": 5}, {"value": 7, "rows": 3}, {"value": 255, "rows": 1}]


def report(**told: object) -> LabelReport:
    nothing = {"class_count": 0, "classes": [], "minimum": None, "maximum": None, "mean": None}
    return LabelReport.model_validate({"shape": [], **nothing, **told})


def data(rows: int = 64, **told: object) -> DataReport:
    whole = json.loads((EXAMPLES / "data_report.json").read_text())
    labels = report(**({"kind": "class numbers", "classes": CLASSES[:2]} | told))
    parts = {
        part: one | {"rows": rows, "labels": labels.model_dump()}
        for part, one in whole["parts"].items()
    }
    return DataReport.model_validate(whole | {"parts": parts})


def chosen(loss: str = "SparseCategoricalCrossentropy", **changes: object) -> Configuration:
    conf = changes.pop("conf", {})
    choice = {"loss_function": {"name": loss, "conf": conf}, "fold": None}
    return Configuration.model_validate(CONFIGURATION.model_dump() | choice | changes)


def test_classes_without_a_row_are_no_labels():
    declared = [*CLASSES[:2], {"value": 12, "name": "never", "rows": 0}]
    told = report(kind="class numbers", classes=declared, class_count=13)
    assert suitability.reported(told) == Labels((), 0, 7, True)


def test_what_the_loss_ignores_is_no_label():
    told = report(kind="class numbers", classes=CLASSES, class_count=256)
    assert suitability.reported(told, ignored=255) == Labels((), 0, 7, True)
    only = report(kind="class numbers", classes=CLASSES[2:], class_count=256)
    assert suitability.reported(only, ignored=255) == Labels((), None, None, True)


def test_of_targets_of_which_some_are_ignored_only_the_shape_is_known():
    told = report(kind="real", minimum=-1.0, maximum=4.0, mean=1.0, are_whole=True)
    assert suitability.reported(told) == Labels((), -1, 4, True)
    assert suitability.reported(told, ignored=-1) == Labels((), None, None, None)


def test_reports_that_do_not_say_whether_targets_are_whole_forbid_nothing():
    told = data(kind="real", minimum=0.0, maximum=4.0, mean=1.0, classes=[])
    assert suitability.problem(chosen(), MODEL, told) == ""


def test_every_part_is_looked_at():
    told = data().model_dump()
    told["parts"]["test"]["labels"]["classes"] = [{"value": 10, "name": "", "rows": 1}]
    assert suitability.problem(chosen(), MODEL, DataReport.model_validate(told)) == (
        "Test data: the largest label is 10 and the model has 10 outputs, expected labels from 0 to 9."
    )


@pytest.mark.parametrize("changes", [{"output": None}, {"output": (None, None)}])
def test_an_output_that_the_data_decide_forbids_nothing(changes):
    wrong = data(classes=[{"value": 3000, "rows": 1}])
    assert suitability.problem(chosen(), MODEL, wrong)
    assert suitability.problem(chosen(), MODEL.model_copy(update=changes), wrong) == ""


def test_folds_have_rows_of_their_own_and_the_test_data_stay_as_they_are():
    model = MODEL.model_copy(update={"input": (7, 28, 28)})
    fold = {"index": 1, "count": 3}
    for of, named in (None, "Training data"), (fold, "Test data"):
        told = suitability.problem(chosen(batch_size=7, fold=of), model, data(rows=64))
        assert told.startswith(f"{named}: expected a multiple of 7 rows")
