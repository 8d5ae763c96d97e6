"""Confusion matrices, precision and recall, against scikit-learn's, whatever form labels and outputs have."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from nnt_contract import catalogue
from nnt_contract.records import CUT_POINTS, MAX_CLASSES
from nnt_simulation.answers import Batch, Tables, tabulate

RANDOM = np.random.default_rng(5)
ROWS = 100


def tables_of(loss, labels, outputs, batch=7, mask=None, **how) -> Any:
    """Of what comes in batches of this many rows."""

    def rows(first: int) -> Batch:
        some = slice(first, first + batch)
        return Batch(labels[some], outputs[some], None if mask is None else mask[some])

    parts = map(rows, range(0, len(labels), batch))
    return tabulate(parts, catalogue.loss_function(loss), **how)


def log_odds(probability):
    return np.log(probability / (1 - probability)).astype(np.float32)


def assert_scored(tables, true, said, classes):
    expected = confusion_matrix(true, said, labels=range(classes))
    assert np.array_equal(tables.confusion, expected)
    scores = precision_recall_fscore_support(
        true, said, labels=range(classes), zero_division=np.nan
    )
    for found, precision, recall, _, support in zip(tables.classes, *scores, strict=True):
        assert found.precision == (None if np.isnan(precision) else pytest.approx(precision))
        assert found.recall == (None if np.isnan(recall) else pytest.approx(recall))
        assert found.support == support


@pytest.mark.parametrize("batch", [7, 1000])
@pytest.mark.parametrize("as_column", [False, True])
@pytest.mark.parametrize("logits", [False, True])
def test_class_numbers_are_compared_with_the_largest_output(batch, as_column, logits):
    true = RANDOM.integers(0, 4, ROWS)  # of five: one has no row
    outputs = RANDOM.normal(size=(ROWS, 5)).astype(np.float32)
    outputs[:, 3] = -9  # and one is never said
    labels = true[:, None] if as_column else true
    tables = tables_of("sparse_categorical_crossentropy", labels, outputs, batch, logits=logits)
    assert_scored(tables, true, outputs.argmax(axis=1), 5)
    assert tables.cut_points is None and tables.remarks == ()
    assert tables.classes[4].recall is None and tables.classes[3].precision is None


def test_one_value_per_class_is_the_class_of_the_largest():
    true = RANDOM.integers(0, 3, ROWS)
    outputs = RANDOM.random((ROWS, 3), dtype=np.float32)
    for loss in ("CategoricalCrossentropy", "CategoricalHinge"):
        assert_scored(tables_of(loss, np.eye(3)[true], outputs), true, outputs.argmax(axis=1), 3)


def test_every_step_of_a_sequence_is_an_answer_but_for_ignored_labels():
    true = RANDOM.integers(0, 3, (ROWS, 4))
    true[:, 3] = 255
    outputs = RANDOM.random((ROWS, 4, 3), dtype=np.float32)
    tables = tables_of("SparseCategoricalCrossentropy", true, outputs, ignored=255)
    assert_scored(tables, true[:, :3].ravel(), outputs[:, :3].argmax(axis=2).ravel(), 3)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)])
def test_one_output_says_yes_above_each_of_the_cut_points(logits, shape):
    true = RANDOM.integers(0, 2, ROWS)
    probability = RANDOM.uniform(0.001, 0.85, (ROWS, 1)).astype(np.float32)
    outputs = log_odds(probability) if logits else probability
    tables = tables_of("BinaryCrossentropy", true.reshape(shape), outputs, logits=logits)
    assert_scored(tables, true, (probability[:, 0] > 0.5).astype(int), 2)
    assert_cut(tables, true == 1, probability[:, 0])
    assert tables.cut_points[-1].precision is None, "nothing is above 0.9"


@pytest.mark.parametrize("logits", [False, True])
def test_two_classes_have_cut_points_too_of_the_second(logits):
    true = RANDOM.integers(0, 2, ROWS)
    yes = RANDOM.uniform(0.001, 0.999, ROWS).astype(np.float32)
    both = np.stack([1 - yes, yes], axis=1)
    outputs = np.log(both) + 3 if logits else both
    tables = tables_of("SparseCategoricalCrossentropy", true, outputs, logits=logits)
    assert_scored(tables, true, (yes > 0.5).astype(int), 2)
    assert_cut(tables, true == 1, yes)


def assert_cut(tables, true, probability):
    assert [point.cut for point in tables.cut_points] == list(CUT_POINTS)
    for point in tables.cut_points:
        said = probability > point.cut
        right = (said & true).sum()
        assert point.recall == pytest.approx(right / true.sum())
        assert point.precision == (pytest.approx(right / said.sum()) if said.any() else None)


@pytest.mark.parametrize("no", [0, -1])
def test_scores_are_decided_at_zero_and_have_no_cut_points(no):
    true = RANDOM.integers(0, 2, ROWS)
    outputs = RANDOM.normal(size=(ROWS, 1)).astype(np.float32) * 100
    tables = tables_of("hinge", np.where(true == 1, 1, no), outputs)
    assert_scored(tables, true, (outputs[:, 0] > 0).astype(int), 2)
    assert tables.cut_points is None
    assert "scores and not probabilities" in tables.remarks[0]


@pytest.mark.parametrize("logits", [False, True])
def test_several_outputs_of_yes_or_no_are_a_question_each(logits):
    true = RANDOM.integers(0, 2, (ROWS, 3))
    probability = RANDOM.uniform(0.01, 0.99, (ROWS, 3)).astype(np.float32)
    outputs = log_odds(probability) if logits else probability
    tables = tables_of("BinaryCrossentropy", true, outputs, logits=logits)
    precision, recall, _, support = precision_recall_fscore_support(true, probability > 0.5)
    assert [scores.precision for scores in tables.classes] == pytest.approx(list(precision))
    assert [scores.recall for scores in tables.classes] == pytest.approx(list(recall))
    assert [scores.support for scores in tables.classes] == list(support)
    assert tables.confusion is None and tables.cut_points is None
    assert "a question of its own" in tables.remarks[0]


def test_nan_counts_as_the_least_likely_and_is_said():
    outputs = np.array([[np.nan, 0.1, 0.9], [np.nan, np.nan, np.nan], [0, 1, 0]], np.float32)
    tables = tables_of("SparseCategoricalCrossentropy", np.array([0, 1, 2]), outputs)
    assert_scored(tables, [0, 1, 2], [2, 0, 1], 3)
    assert tables.remarks == (
        "2 of 3 answers have an output that is NaN, which counts as the least likely.",
    )
    binary = tables_of("BinaryCrossentropy", np.array([1, 0]), np.full((2, 1), np.nan), logits=True)
    assert binary.confusion == ((1, 0), (1, 0)) and binary.remarks[0].startswith("2 of 2")
    diverged = np.full((2, 2), np.nan, np.float32)
    both = tables_of("SparseCategoricalCrossentropy", np.array([1, 0]), diverged, logits=True)
    assert both.confusion == ((1, 0), (1, 0)) and both.cut_points[0].precision is None


def test_infinite_logits_are_certain():
    outputs = np.array([[-np.inf], [np.inf], [-1e30]], np.float32)
    tables = tables_of("BinaryCrossentropy", np.array([0, 1, 0]), outputs, logits=True)
    assert tables.confusion == ((2, 0), (0, 1))
    assert all((point.precision, point.recall) == (1, 1) for point in tables.cut_points)


def test_half_precision_is_read_like_any_other():
    outputs = np.array([[0.25, 0.75], [0.75, 0.25]], np.float16)
    tables = tables_of("SparseCategoricalCrossentropy", np.array([1, 0], np.uint8), outputs)
    assert tables.confusion == ((1, 0), (0, 1))


def test_of_too_many_classes_there_is_a_word_and_no_table():
    outputs = np.zeros((2, MAX_CLASSES + 1), np.float32)
    tables = tables_of("SparseCategoricalCrossentropy", np.array([0, 1000]), outputs)
    assert tables.confusion is None and tables.classes is None
    assert "1,001 classes" in tables.remarks[0] and "up to 1,000" in tables.remarks[0]
    most = tables_of("SparseCategoricalCrossentropy", np.array([0, 1]), outputs[:, 1:])
    assert len(most.confusion) == len(most.classes) == MAX_CLASSES


@pytest.mark.parametrize("loss", ["mse", "KLDivergence", "CTC", "Circle", "Dice"])
def test_what_is_of_no_classes_is_not_even_asked_for(loss):
    def asked():
        raise AssertionError("the network was asked")
        yield

    assert tabulate(asked(), catalogue.loss_function(loss)) == Tables()


@pytest.mark.parametrize("is_numbers", [False, True])
def test_only_answers_that_the_mask_leaves_count(is_numbers):
    true, mask = RANDOM.integers(0, 4, (20, 6)), RANDOM.random((20, 6)) < 0.6
    outputs = RANDOM.random((20, 6, 4), dtype=np.float32)
    outputs[~mask] = np.nan  # of which no word is said
    loss = "SparseCategoricalCrossentropy" if is_numbers else "CategoricalCrossentropy"
    tables = tables_of(loss, true if is_numbers else np.eye(4)[true], outputs, mask=mask)
    assert_scored(tables, true[mask], outputs.argmax(axis=-1)[mask], 4)
    assert tables.remarks == ()


def test_a_mask_of_steps_is_one_of_all_their_answers():
    steps, mask = RANDOM.integers(0, 2, (10, 4, 3)), RANDOM.random((10, 4)) < 0.5
    outputs = RANDOM.random((10, 4, 3, 1), dtype=np.float32)
    tables = tables_of("BinaryCrossentropy", steps[..., None], outputs, mask=mask)
    assert_scored(tables, steps[mask].ravel(), outputs[mask].ravel() > 0.5, 2)
    of_each = tables_of("BinaryCrossentropy", steps, outputs[..., 0], mask=mask)
    assert [one.support for one in of_each.classes] == steps[mask].sum(axis=0).tolist()


def test_where_no_answer_counts_all_tables_are_of_none():
    none = np.zeros((5, 3), bool)
    tables = tables_of(
        "SparseCategoricalCrossentropy", np.zeros((5, 3)), np.ones((5, 3, 2)), mask=none
    )
    assert np.sum(tables.confusion) == 0
    assert [one.precision for one in tables.classes] == [None, None]
