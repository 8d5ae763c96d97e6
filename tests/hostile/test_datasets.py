"""Uploaded datasets that mean harm: refused by the server or failed by the simulation, and never unpacked."""

import pytest

from tests.datasets.test_hostile_npz import CASES


@pytest.fixture(autouse=True)
def _few_megabytes(monkeypatch):
    monkeypatch.setenv("NNT_DATASET_MAX_MB", "10")
    monkeypatch.setenv("NNT_DATASET_WHOLE_MAX_MB", "1")


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_dataset_is_told_and_not_loaded(case, told, canary):
    content, words = CASES[case]
    text = told(train_file=content(canary))
    # The form looks at the first bytes only.
    assert words in text or "starts with" in text or "empty" in text
    assert len(text) < 1000
