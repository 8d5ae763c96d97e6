import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnt_contract.data_report import DataReport
from nnt_datasets import (
    DatasetError,
    File,
    Limits,
    Means,
    Part,
    Report,
    fingerprints,
    inspect,
    leakage,
)
from tests.datasets.builders import FIXTURES, KEYS, MIB, means, npz, written

ARFF = "@relation r\n@attribute a real\n@attribute b real\n@attribute label {no,yes}\n@data\n"


def inspected(folder, row_shape=None, **contents: Any) -> Report:
    files: dict[Any, File] = {
        part: File(written(folder, content, part), KEYS, f"{part}.file")
        for part, content in contents.items()
    }
    report = inspect(files, means(folder), row_shape)
    DataReport.model_validate(report.as_json())  # whatever is found can be told
    return report


def refusal(folder, row_shape=None, **contents) -> str:
    with pytest.raises(DatasetError) as wrong:
        inspected(folder, row_shape, **contents)
    return str(wrong.value)


def test_a_part_is_described(tmp_path):
    report = inspected(tmp_path, train="a,b,c,label\n1,5,1,0\n2,5,2,1\n3,5,3,1\n")
    assert json.loads(json.dumps(report.as_json())) == {
        "parts": {
            "train": {
                "format": "csv",
                "rows": 3,
                "feature_shape": [3],
                "columns": ["a", "b", "c"],
                "label_column": "label",
                "labels": {
                    "kind": "binary",
                    "shape": [],
                    "class_count": 2,
                    "classes": [
                        {"value": 0, "name": "", "rows": 1},
                        {"value": 1, "name": "", "rows": 2},
                    ],
                    "minimum": None,
                    "maximum": None,
                    "mean": None,
                    "are_whole": None,
                },
                "features": {
                    "constant_count": 1,
                    "constant": ["b"],
                    "duplicate_count": 1,
                    "duplicate": [["c", "a"]],
                },
                "not_finite": 0,
                "first_not_finite": None,
            }
        },
        "leaks": [],
        "problems": [
            "Training data: 1 column has the same value in every row: 'b'.",
            "Training data: 1 column repeats another one: 'c' as 'a'.",
        ],
    }


def labels(folder, values, **more):
    features = np.arange(2.0 * len(values)).reshape(-1, 2)
    return inspected(folder, train=npz(x=features, y=values, **more)).parts["train"].labels


def counts(found):
    return {one.value: one.rows for one in found.classes}


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        ([0, 1, 1], "binary", {0: 1, 1: 2}),
        ([0.0, 1.0, 1.0], "binary", {0: 1, 1: 2}),
        ([[0], [1], [1]], "binary", {0: 1, 1: 2}),
        ([True, False, True], "binary", {0: 1, 1: 2}),
        ([3, 0, 3], "class numbers", {0: 1, 3: 2}),
        ([1, 1, 1], "binary", {1: 3}),
        ([-1, 1, 1], "signed binary", {-1: 1, 1: 2}),
        ([[-1.0], [1.0], [-1.0]], "signed binary", {-1: 2, 1: 1}),
        (np.eye(3)[[0, 2, 2]], "one-hot", {0: 1, 1: 0, 2: 2}),
        ([[1, 1, 0], [1, 0, 0], [0, 0, 0]], "multi-label", {0: 2, 1: 1, 2: 0}),
        ([[True, True], [False, False]], "multi-label", {0: 1, 1: 1}),
    ],
)
def test_classes_are_counted(tmp_path, values, kind, classes):
    found = labels(tmp_path, values)
    assert (found.kind, counts(found)) == (kind, classes)


@pytest.mark.parametrize(
    ("values", "minimum", "maximum", "mean", "are_whole"),
    [
        ([0.5, 1.0, 3.0], 0.5, 3, 1.5, False),
        ([-1, 1, 3], -1, 3, 1, True),
        ([-1.0, 1.0, 3.0], -1, 3, 1, True),
        ([[0.5, 0.5], [1, 0], [0, 1]], 0, 1, 0.5, False),
        ([-1, 0, 1], -1, 1, 0, True),
        ([-2, 0, 2], -2, 2, 0, True),
        ([[-1, 1], [1, 1], [-1, -1]], -1, 1, 0, True),
        ([[2, 0], [0, 0], [1, 1]], 0, 2, 2 / 3, True),
        (np.tile([0, 1], (2, 501)), 0, 1, 0.5, True),
        (list(range(2000)), 0, 1999, 999.5, True),
    ],
)
def test_targets_are_summed_up(tmp_path, values, minimum, maximum, mean, are_whole):
    found = labels(tmp_path, values)
    assert found.kind == "real"
    assert (found.minimum, found.maximum, found.mean) == (minimum, maximum, mean)
    assert found.are_whole is are_whole


@pytest.mark.parametrize(
    ("train", "test", "kind", "classes"),
    [
        ([0, 1, 2], [0, 1], "class numbers", {0: 1, 1: 1, 2: 0}),
        ([0, 1, 2], [1, 1], "class numbers", {0: 0, 1: 2, 2: 0}),
        ([0, 1], [1, 1], "binary", {0: 0, 1: 2}),
        ([-1, 1], [1, 1], "signed binary", {-1: 0, 1: 2}),
        ([1, 1], [-1, 1], "signed binary", {-1: 1, 1: 1}),
        ([0, 1], [0, 2], "class numbers", {0: 1, 1: 0, 2: 1}),
        ([0, 1], [-1, 1], "real", {}),
        ([0.5, 1], [0, 1], "real", {}),
        (list(range(1001)), [0, 1], "real", {}),
        (list(range(900)), list(range(200, 1100)), "real", {}),
        ([[1, 1], [0, 0]], [[1, 0], [0, 1]], "multi-label", {0: 1, 1: 1}),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1]], "one-hot", {0: 1, 1: 1}),
        ([[0.5, 0.5], [0, 1]], [[1, 0], [0, 1]], "real", {}),
        ([0, 1, 2], [[1, 0], [0, 1]], "one-hot", {0: 1, 1: 1}),
    ],
)
def test_all_parts_together_decide_what_their_labels_are(tmp_path, train, test, kind, classes):
    rows = {"train": train, "test": test}
    contents = {part: npz(x=np.arange(len(y)), y=np.array(y)) for part, y in rows.items()}
    found = inspected(tmp_path, **contents).parts["test"].labels
    assert (found.kind, counts(found)) == (kind, classes)
    assert found.class_count == len(classes)
    if kind == "real":
        assert (found.minimum, found.maximum) == (np.min(test), np.max(test))


def test_of_vectors_with_several_classes_none_is_said_to_be_the_only_one(tmp_path):
    features = np.arange(4.0).reshape(2, 2)
    train = npz(x=features, y=[[1, 1], [1, 0]])
    report = inspected(tmp_path, train=train, test=npz(x=features + 9, y=[[0, 1], [0, 0]]))
    assert report.problems == ()
    report = inspected(tmp_path, train=npz(x=features, y=[[0, 1], [0, 0]]), test=train)
    assert "Test data: no row of the training data has the label '0'." in report.problems


def test_classes_have_the_names_that_the_file_gives_them(tmp_path):
    report = inspected(tmp_path, train=f"{ARFF}1,2,yes\n3,4,yes\n")
    found = report.parts["train"].labels
    assert [(one.name, one.rows) for one in found.classes] == [("no", 0), ("yes", 2)]
    assert report.problems == ("Training data: every row has the same label, yes.",)


@pytest.mark.parametrize(("declared", "told"), [(1000, 1000), (1001, 2), (300_000, 2)])
def test_of_more_classes_than_a_page_shows_those_that_occur_are_told(tmp_path, declared, told):
    names = ",".join(f"c{value}" for value in range(declared))
    report = inspected(tmp_path, train=f"{ARFF}1,2,c7\n3,4,c999\n".replace("no,yes", names))
    found = report.parts["train"].labels
    assert (found.class_count, len(found.classes)) == (declared, told)
    assert [one.name for one in found.classes if one.rows] == ["c7", "c999"]
    assert len(json.dumps(report.as_json())) < 100_000


def test_pixels_that_never_change_are_named_by_their_place(tmp_path):
    images = np.random.default_rng(0).normal(size=(20, 3, 3))
    images[:, 0, 1] = 7
    images[:, 2, 2] = images[:, 1, 0]
    found = inspected(tmp_path, train=npz(x=images, y=np.arange(20) % 2)).parts["train"].features
    assert (found.constant, found.duplicate) == (("(0, 1)",), (("(2, 2)", "(1, 0)"),))


def test_columns_of_many_blocks_are_compared(tmp_path):
    rows = np.random.default_rng(0).normal(size=(300_000, 5)).astype(np.float32)
    rows[:, 3] = rows[:, 1]
    rows[:, 4] = rows[::-1, 1]
    found = inspected(tmp_path, train=npz(x=rows, y=np.arange(300_000) % 2)).parts["train"].features
    assert (found.duplicate, found.constant_count) == ((("3", "1"),), 0)


def test_features_that_are_no_numbers_are_told_with_the_first_place(tmp_path):
    report = inspected(tmp_path, train="a,b,label\n1,2,0\n3,nan,1\ninf,5,0\n")
    assert report.parts["train"].not_finite == 2
    assert report.problems == (
        "Training data, line 3, column 'b': expected finite numbers, received NaN or an infinite one,"
        " as 2 of 6 values of the features are; they are used as they are.",
    )
    json.dumps(report.as_json(), allow_nan=False)


TRAIN = "a,b,label\n1,2,0\n3,4,1\n5,6,0\n"


def test_rows_that_are_in_two_parts_are_told_whatever_their_formats_and_labels(tmp_path):
    test = npz(x=np.array([[9, 9], [3, 4], [5, 6], [-0.0, 1]]), y=[0, 1, 1, 0])
    report = inspected(tmp_path, train=TRAIN, validation="a,b,label\n5,6,0\n7,8,1\n", test=test)
    leaks = [(leak.part, leak.other, leak.rows, leak.of, leak.examples) for leak in report.leaks]
    assert leaks == [
        ("validation", "train", 1, 2, (1,)),
        ("test", "train", 2, 4, (2, 3)),
        ("test", "validation", 1, 4, (3,)),
    ]
    assert (
        "Test data: 2 of 4 rows have the same features as a row of the training data (rows 2, 3)."
        in report.problems
    )


BIG = 2**24  # from which on float32 leaves numbers out


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (BIG, BIG, True),
        (BIG + 1, BIG + 1, True),
        (BIG + 1, BIG, False),
        (-BIG - 1, BIG + 1, False),
        (BIG + 1, BIG + 2, False),
        (2**62 + 1, 2**62, False),
        (2**62 + 1, 2**62 + 1, True),
        (-(2**63), -(2**63), True),
        (2**63 - 1, 2**63 - 2, False),
        (2**63 - 1, -(2**63), False),
    ],
)
def test_whole_numbers_are_compared_as_they_are(tmp_path, one, other, is_same):
    train, test = (npz(x=np.array([[value, 5]]), y=[1]) for value in (one, other))
    assert bool(inspected(tmp_path, train=train, test=test).leaks) == is_same


NEAR_POWERS = [sign * 2**power + by for power in range(63) for sign in (-1, 1) for by in (-1, 0, 1)]
whole = st.sampled_from(NEAR_POWERS) | st.integers(-(2**63), 2**64 - 1)
WHOLE_TYPES: list[type[np.signedinteger | np.unsignedinteger]] = [
    np.int8,
    np.uint8,
    np.int16,
    np.uint16,
    np.int32,
    np.uint32,
    np.int64,
    np.uint64,
]


def as_each_type(value: int) -> list[np.ndarray]:
    fitting = [t for t in WHOLE_TYPES if np.iinfo(t).min <= value <= np.iinfo(t).max]
    return [np.array([[value]], t) for t in fitting]


def prints(values: np.ndarray) -> int:
    [(_, [found])] = fingerprints.of_rows(values)
    return int(found)


@example(one=-(2**31), other=2**31)
@example(one=-(2**31) + 1, other=2**31 - 1)
@example(one=-(2**63) + 1, other=2**63 + 1)
@given(one=whole, other=whole)
def test_whole_numbers_are_told_apart_in_every_type(one, other):
    found = {prints(values) for values in as_each_type(one)}
    assert len(found) == 1
    assert (found == {prints(values) for values in as_each_type(other)}) == (one == other)


@given(whole, st.integers(0, 40))
def test_a_whole_number_is_the_same_in_float32_where_that_holds_it(value, power):
    for one in (value, value % BIG * 2**power):
        is_held = int(np.float32(one)) == one
        same = prints(np.array([[one]], np.float32))
        assert {prints(values) == same for values in as_each_type(one)} == {is_held}


def test_rows_of_a_text_table_are_found_in_arrays_of_whole_numbers(tmp_path):
    train = f"a,b,label\n{BIG},2,0\n{BIG + 4},4,1\n{BIG + 1},6,0\n"
    test = npz(x=np.array([[BIG, 2], [BIG + 4, 4], [BIG + 1, 6]]), y=[0, 1, 0])
    [leak] = inspected(tmp_path, train=train, test=test).leaks
    assert leak.examples == (1, 2)  # the third is another number in float32, which is trained on


def test_columns_of_whole_numbers_are_compared_as_they_are(tmp_path):
    big, bigger = 2**24, 2**60
    rows = [[big, big + 1, big, bigger], [big + 2, big + 2, big + 2, bigger + 1]]
    found = inspected(tmp_path, train=npz(x=np.array(rows), y=[0, 1])).parts["train"].features
    assert (found.constant, found.duplicate) == ((), (("2", "0"),))


def test_the_same_numbers_in_another_order_are_another_row(tmp_path):
    assert not inspected(tmp_path, train=TRAIN, test="a,b,label\n2,1,0\n4,3,1\n").leaks


@pytest.mark.parametrize("at_once", [10, 1000, 10**6])
def test_rows_are_compared_in_shares_of_what_memory_allows(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(leakage, "_FINGERPRINTS_AT_ONCE", at_once)
    rows = np.random.default_rng(0).normal(size=(3000, 4))
    report = inspected(
        tmp_path,
        train=npz(x=rows[:2000], y=np.arange(2000) % 2),
        test=npz(x=rows[1500:], y=np.arange(1500) % 2),
    )
    [leak] = report.leaks
    assert (leak.rows, leak.of, len(leak.examples)) == (500, 1500, 5)
    assert all(1 <= row <= 500 for row in leak.examples)


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (
            "b,a,label\n1,2,0\n",
            "Test data (test.file): expected column 'a' as feature 1, as in the training data,"
            " received 'b'.",
        ),
        (
            f"{ARFF}7,8,maybe\n".replace("no,yes", "yes,no,maybe"),
            "Test data (test.file), column 'label': expected the values 'no', 'yes', in this order,"
            " as in the training data, received 'yes', 'no', 'maybe'.",
        ),
    ],
)
def test_parts_that_mean_something_else_by_the_same_are_refused(tmp_path, test, told):
    train = f"{ARFF}1,2,yes\n3,4,no\n"
    assert refusal(tmp_path, train=train, test=test) == told


def test_parts_that_name_their_columns_otherwise_are_read_with_a_word(tmp_path):
    report = inspected(tmp_path, train=TRAIN, test='{"x1": [7], "x2": [8], "label": [2]}')
    assert report.problems == (
        "Test data: every row has the same label, 2.",
        "Test data: the training data have no columns 'x1', 'x2'; columns are taken in their order.",
        "Test data: no row of the training data has the label '2'.",
    )


def test_rows_of_other_sizes_are_told(tmp_path):
    report = inspected(tmp_path, train=TRAIN, test=npz(x=np.ones((2, 3)), y=[0, 1]))
    assert (
        "Test data: its rows have 3 values of features, those of the training data 2."
        in report.problems
    )
    assert not report.leaks


def test_rows_that_the_model_cannot_take_are_refused(tmp_path):
    assert inspected(tmp_path, (1, 2), train=TRAIN).parts
    assert refusal(tmp_path, (2,), train=TRAIN, test="a,label\n1,0\n") == (
        "Test data (test.file): expected rows of the shape (2,), which the model takes, received"
        " rows of the shape (1,)."
    )


def test_a_part_is_inspected_alone(tmp_path):
    assert inspected(tmp_path, test=TRAIN).parts["test"].rows == 3


def test_names_are_told_short_and_without_what_others_would_obey(tmp_path):
    content = '{"a\\u0000\\u202e": [1, 1], "' + "b" * 100 + '": [1, 1], "label": [0, 1]}'
    part = inspected(tmp_path, train=content).parts["train"]
    assert part.columns == part.features.constant == ("a\ufffd\ufffd", "b" * 60 + "…")


def test_many_columns_are_not_all_named(tmp_path):
    report = inspected(tmp_path, train=npz(x=np.ones((3, 1000)), y=[0, 1, 0]))
    found = report.parts["train"].features
    assert (found.constant_count, len(found.constant)) == (1000, 100)
    assert report.problems == (
        "Training data: 1000 columns have the same value in every row: '0', '1', '2', '3', '4', ….",
    )


def test_tables_of_flattened_images_are_inspected(tmp_path):
    names = [f"c{column}" for column in range(224 * 224 * 3)]
    rows = np.random.default_rng(0).integers(0, 256, (4, len(names)))
    lines = [f"{','.join(map(str, row))},{number % 2}" for number, row in enumerate(rows.tolist())]
    head = f"{','.join(names)},label"
    report = inspected(
        tmp_path,
        (224, 224, 3),
        train="\n".join([head, *lines[:3]]),
        test="\n".join([head, lines[3], lines[1]]),
    )
    part = report.parts["train"]
    assert (part.feature_shape, len(part.columns)) == ((len(names),), 1000)
    assert [(leak.part, leak.examples) for leak in report.leaks] == [("test", (2,))]


def test_every_format_is_inspected_in_one_request(tmp_path):
    pickled = FIXTURES / "pickles" / "pandas-3.1"
    files: dict[Part, File] = {
        "train": File(pickled / "plain.pickle", KEYS),
        "validation": File(pickled / "plain.zip", KEYS),
        "test": File(pickled / "objects.pickle", KEYS),
    }
    report = inspect(files, Means(Limits(MIB, MIB), tmp_path))
    assert [part.format for part in report.parts.values()] == ["pickle", "zipped pickle", "pickle"]
    assert [leak.rows for leak in report.leaks] == [12, 12, 12]
