"""A report is bounded: a page shows it, and a row of a table holds it."""

import json

import pytest
from pydantic import ValidationError

from nnt_contract.data_report import DataReport
from tests.conftest import ROOT

EXAMPLE = (ROOT / "contract" / "examples" / "data_report.json").read_text()


def test_of_more_than_a_thousand_classes_not_all_are_listed():
    report = json.loads(EXAMPLE)
    labels = report["parts"]["train"]["labels"]
    labels |= {"class_count": 300_000, "classes": [{"value": 7, "rows": 1}] * 1000}
    assert DataReport.model_validate(report).parts["train"].labels.class_count == 300_000
    labels["classes"].append({"value": 8, "rows": 1})
    with pytest.raises(ValidationError, match="at most 1000 items"):
        DataReport.model_validate(report)


def test_signed_classes_and_those_of_vectors_with_several_are_told():
    report = json.loads(EXAMPLE)
    labels = report["parts"]["train"]["labels"]
    labels |= {
        "kind": "signed binary",
        "classes": [{"value": value, "rows": 2} for value in (-1, 1)],
    }
    report["parts"]["test"]["labels"] |= {"kind": "multi-label", "shape": [2]}
    read = DataReport.model_validate(report)
    assert [one.value for one in read.parts["train"].labels.classes] == [-1, 1]
    assert DataReport.model_validate_json(read.model_dump_json()) == read
