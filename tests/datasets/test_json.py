import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.builders import loaded, refusal
from tests.datasets.test_csv import in_one_folder, tables

REPORT = """{
  "x1" : [134,214,3123],
  "x2" : [1586,245,3123],
  "label" : [0,4,5],
}
"""


def test_the_example_of_the_users_is_read_with_the_comma_at_its_end(tmp_path):
    dataset = loaded(tmp_path, REPORT)
    assert dataset.format == "json"
    assert dataset.features.tolist() == [[134, 1586], [214, 245], [3123, 3123]]
    assert dataset.labels.tolist() == [0, 4, 5]


@in_one_folder
@given(table=tables, indexed=st.booleans(), indent=st.sampled_from([None, 1]))
def test_what_was_written_is_read(tmp_path, table, indexed, indent):
    names = [*(f"f,}} {column}" for column in range(table.shape[1] - 1)), "label"]
    columns = {
        name: dict(enumerate(values)) if indexed else values
        for name, values in zip(names, table.T.tolist(), strict=True)
    }
    dataset = loaded(tmp_path, json.dumps(columns, indent=indent))
    np.testing.assert_array_equal(dataset.features, table[:, :-1])
    np.testing.assert_array_equal(dataset.labels.astype(np.float32), table[:, -1])


def test_rows_are_matched_by_their_index(tmp_path):
    dataset = loaded(tmp_path, '{"a": {"7": 1, "3": 2}, "label": {"3": 20, "7": 10}}')
    assert dataset.features.tolist() == [[1], [2]]
    assert dataset.labels.tolist() == [10, 20]


def test_lists_in_a_column_are_features_of_more_dimensions(tmp_path):
    images = np.arange(24).reshape(2, 3, 4)
    dataset = loaded(tmp_path, json.dumps({"image": images.tolist(), "label": [0, 1]}))
    np.testing.assert_array_equal(dataset.features, images.astype(np.float32))


def test_lists_in_the_label_column_are_one_hot_labels(tmp_path):
    dataset = loaded(tmp_path, '{"a": [1, 2], "b": [3, 4], "label": [[0, 1], [1, 0]]}')
    assert dataset.features.tolist() == [[1, 3], [2, 4]]
    assert dataset.labels.tolist() == [[0, 1], [1, 0]]


def test_true_and_false_are_1_and_0(tmp_path):
    dataset = loaded(tmp_path, '\ufeff{"a": [true, false, 0.5], "label": [true, false, true]}')
    assert dataset.features.tolist() == [[1], [0], [0.5]]
    assert dataset.labels.tolist() == [1, 0, 1]


def test_features_that_are_no_numbers_are_counted_and_used(tmp_path):
    dataset = loaded(tmp_path, '{"a": [1, NaN, -Infinity], "label": [0, 0, 0]}')
    assert dataset.strange is not None
    assert (dataset.strange.count, str(dataset.strange.first)) == (2, "row 2, column 'a'")


@pytest.mark.parametrize(
    "content",
    ['{"a": ' + "[" * 100_000, '{"a":' * 100_000, '{"a": [' + "9" * 5000 + '], "label": [0]}'],
)
def test_what_is_too_deep_or_too_long_is_no_json(tmp_path, content):
    assert "expected JSON, received what is none" in refusal(tmp_path, content)


def test_text_that_is_not_in_utf_8_is_told(tmp_path):
    content = '{"größe": [1], "label": [0]}'.encode("latin-1")
    assert "expected text in UTF-8" in refusal(tmp_path, content)


def test_a_file_over_the_limit_is_not_read(tmp_path):
    told = refusal(tmp_path, '{"a": [1], "label": [0]}', whole_bytes=20)
    assert told == (
        "expected at most 0.0 MiB in a format that has to be read whole, received 0.0 MiB."
        " Larger tables pass as .csv, .arff or .npz."
    )
