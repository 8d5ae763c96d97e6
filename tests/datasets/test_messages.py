"""Every kind of broken table, and the sentence its owner is told: tests/fixtures/datasets/refusals.json."""

import json

import pytest

from nnt_datasets.errors import DatasetError, Place
from tests.datasets.builders import FIXTURES, refusal, refused

GOLDEN = json.loads((FIXTURES / "refusals.json").read_text())
CASES = [(case["content"], case["told"]) for cases in GOLDEN.values() for case in cases]


@pytest.mark.parametrize(("content", "told"), CASES, ids=[content[-40:] for content, _ in CASES])
def test_what_is_wrong_is_told_with_its_place(tmp_path, content, told):
    assert refusal(tmp_path, content) == told


def test_a_refusal_is_json_too(tmp_path):
    assert refused(tmp_path, "a,label\ncat,0\n").of("test", "cats.csv").as_json() == {
        "part": "test",
        "file": "cats.csv",
        "expected": "a number",
        "received": "'cat'",
        "hint": "",
        "line": 2,
        "row": None,
        "column": "a",
        "array": None,
        "text": "Test data (cats.csv), line 2, column 'a': expected a number, received 'cat'.",
    }


def test_what_a_stranger_wrote_is_shown_short_and_without_effect():
    error = DatasetError("a number", "text", Place(column="\x1b[31m\n" + "x" * 1000))
    shown = f"\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}{'x' * 54}…"
    assert str(error) == f"column '{shown}': expected a number, received text."
