"""What is known of labels before a launch: never more than the report says."""

import json

import pytest

from nnt_contract import suitability
from nnt_contract.data_report import DataReport, LabelReport
from nnt_contract.model_report import ModelReport
from nnt_contract.part import Part
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


def test_signed_labels_are_whole_numbers_from_minus_1():
    signed = [{"value": -1, "rows": 2}, {"value": 1, "rows": 3}]
    told = report(kind="signed binary", classes=signed, class_count=2)
    assert suitability.reported(told) == Labels((), -1, 1, True)
    assert suitability.reported(told, ignored=-1) == Labels((), 1, 1, True)


def test_vectors_of_several_classes_hold_0_and_1():
    some = {"kind": "multi-label", "shape": [3], "class_count": 3}
    told = report(**some, classes=CLASSES)
    assert suitability.reported(told) == Labels((3,), 0, 1, True)
    assert suitability.reported(told, ignored=0) == Labels((3,), None, None, True)
    none = report(**some, classes=[{"value": 0, "rows": 0}])
    assert suitability.reported(none) == Labels((3,), 0, 0, True)


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("Hinge", ""),
        ("BinaryCrossentropy", "BinaryCrossentropy expects labels from 0 to 1"),
        ("SparseCategoricalCrossentropy", "expects a model with an output for each class"),
    ],
)
def test_signed_labels_suit_who_takes_them(loss, told):
    signed = data(kind="signed binary", classes=[{"value": -1, "rows": 2}, {"value": 1, "rows": 3}])
    model = MODEL.model_copy(update={"output": (None, 1)})
    found = suitability.problem(chosen(loss), model, signed)
    assert told in found and bool(told) == bool(found)


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


def test_a_file_is_named_as_its_owner_calls_it():
    wrong = data(classes=[{"value": 10, "rows": 1}])
    files: dict[Part, str] = {"train": "cats.csv", "test": "dogs.csv"}
    told = suitability.problem(chosen(), MODEL, wrong, files)
    assert told.startswith("Training data (cats.csv): the largest label is 10")


def test_a_model_that_leaves_its_input_open_takes_rows_like_those_it_is_trained_on():
    told = data().model_dump()
    told["parts"]["test"]["feature_shape"] = (5,)
    told["parts"]["train"]["feature_shape"] = (4,)
    other = DataReport.model_validate(told)
    assert suitability.problem(chosen(), MODEL, other) == ""
    is_open = MODEL.model_copy(update={"input": None, "output": None})
    assert suitability.problem(chosen(), is_open, other) == (
        "Test data: expected rows of the shape (4,), as in the training data, received (5,)."
    )
    for shape in ((4, 1), (4,)):
        told["parts"]["test"]["feature_shape"] = shape
        assert suitability.problem(chosen(), is_open, DataReport.model_validate(told)) == ""
    told["parts"]["train"]["feature_shape"] = (2, 2, 1)
    assert suitability.problem(chosen(), is_open, DataReport.model_validate(told)) == ""


def test_more_folds_than_rows_are_told():
    fold = {"index": 1, "count": 9}
    assert suitability.problem(chosen(fold=fold), MODEL, data(rows=9)) == ""
    assert suitability.problem(chosen(fold=fold), MODEL, data(rows=8)) == (
        "9 folds need at least 9 rows, received 8."
    )


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("SparseCategoricalCrossentropy", "an output for each class, received one output"),
        ("CategoricalCrossentropy", "an output for each class, received one output"),
        ("CTC", "an output of the shape (steps, classes)"),
        ("Circle", "whose output for each row is one vector"),
        ("BinaryCrossentropy", ""),
        ("MeanSquaredError", ""),
    ],
)
def test_a_model_may_give_one_number_that_is_no_vector(loss, told):
    model = MODEL.model_copy(update={"output": (None,)})
    yes_or_no = data(kind="binary", classes=[{"value": 0, "rows": 9}, {"value": 1, "rows": 9}])
    found = suitability.problem(chosen(loss), model, yes_or_no)
    assert told in found and bool(told) == bool(found)


def test_folds_have_rows_of_their_own_and_the_test_data_stay_as_they_are():
    model = MODEL.model_copy(update={"input": (7, 28, 28)})
    fold = {"index": 1, "count": 3}
    for of, named in (None, "Training data"), (fold, "Test data"):
        told = suitability.problem(chosen(batch_size=7, fold=of), model, data(rows=64))
        assert told.startswith(f"{named}: expected a multiple of 7 rows")
