import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from nnt_datasets import Keys
from tests.datasets.builders import loaded, refusal, refused, types

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
tables = numbers.arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(2, 6)),
    elements=finite,
)
in_one_folder = settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def test_the_example_of_the_users_is_read(tmp_path):
    dataset = loaded(tmp_path, "f1,f2,label\n58,20,1\n12,60,0\n")
    assert dataset.format == "csv"
    np.testing.assert_array_equal(dataset.features, np.array([[58, 20], [12, 60]], np.float32))
    assert types(dataset) == ("float32", "int64")
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.columns == ("f1", "f2")


@in_one_folder
@given(
    table=tables,
    delimiter=st.sampled_from(",;\t"),
    quoting=st.sampled_from([0, 1]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_was_written_is_read(tmp_path, table, delimiter, quoting, end):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow([*(f"f{column}" for column in range(table.shape[1] - 1)), "label"])
    writer.writerows(table.tolist())
    dataset = loaded(tmp_path, text.getvalue())
    np.testing.assert_array_equal(dataset.features, table[:, :-1])
    np.testing.assert_array_equal(dataset.labels.astype(np.float32), table[:, -1])


@pytest.mark.parametrize(
    "content",
    [
        "a,b,label\n1,2,0\n3,4,1",
        "\ufeffa,b,label\n1,2,0\n3,4,1\n",
        "\n\na,b,label\n\n1,2,0\n\n3,4,1\n\n\n",
        " a , b , label \n 1 , 2 , 0 \n3,4,1\n",
        '"a","b","label"\n"1","2","0"\n"3","4","1"\n',
        "label,a,b\n0,1,2\n1,3,4\n",
        "a,label,b\n1,0,2\n3,1,4\n",
        "a;b;label\n1;2;0\n3;4;1\n",
        "a\tb\tlabel\n1\t2\t0\n3\t4\t1\n",
        "a,b,label\n1.0,+2,0.0\n3e0,.4e1,1\n",
        "a,b,label\r1,2,0\r3,4,1\r",
        '"a, in m";"b, in m";label\n1;2;0\n3;4;1\n',
        "a, in m;b, in m;label\n1;2;0\n3;4;1\n",
        '"a\nof two lines",b,label\n1,2,0\n3,4,1\n',
    ],
)
def test_tables_are_written_in_many_ways(tmp_path, content):
    dataset = loaded(tmp_path, content)
    assert dataset.features.tolist() == [[1, 2], [3, 4]]
    assert dataset.labels.tolist() == [0, 1]


def test_true_and_false_are_1_and_0(tmp_path):
    dataset = loaded(tmp_path, "a,b,label\nTrue,false,TRUE\nFALSE, true ,False\n")
    assert dataset.features.tolist() == [[1, 0], [0, 1]]
    assert dataset.labels.tolist() == [1, 0]


def test_labels_with_fractions_are_targets(tmp_path):
    dataset = loaded(tmp_path, "a,label\n1,0.5\n2,1\n")
    assert (dataset.labels.tolist(), types(dataset)[1]) == ([0.5, 1], "float32")


def test_a_name_in_latin_1_is_a_name(tmp_path):
    content = "größe,label\n1,0\n".encode("latin-1")
    assert loaded(tmp_path, content).columns == ("größe",)
    keys = Keys("", "", "größe")
    assert loaded(tmp_path, content, keys).columns == ("label",)


def test_numbers_that_pandas_numbered_its_columns_with_are_names(tmp_path):
    dataset = loaded(tmp_path, "0,1,2\n5,6,7\n", Keys("", "", "2"))
    assert (dataset.columns, dataset.labels.tolist()) == (("0", "1"), [7])


def test_thousands_of_columns_are_read(tmp_path):
    names = [f"c{column}" for column in range(5000)]
    row = ",".join(map(str, range(5000)))
    dataset = loaded(tmp_path, f"{','.join(names)},label\n{row},1\n")
    np.testing.assert_array_equal(dataset.features, np.arange(5000, dtype=np.float32)[None])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["ENSG{:011}", "c{}"])
def test_a_first_line_is_as_long_as_its_names_need(tmp_path, name, delimiter):
    names = [name.format(column) for column in range(40_000)]
    head = delimiter.join([*names, "label"])
    row = delimiter.join([*("7" * len(names)), "1"])
    dataset = loaded(tmp_path, f"{head}\n{row}\n")
    assert (len(head) > 131_072, dataset.columns) == (True, tuple(names))
    assert dataset.features.shape == (1, 40_000)


def test_a_table_longer_than_a_block_keeps_its_rows_and_lines(tmp_path):
    rows = 550_000
    lines = [f"{row},{row % 10}" for row in range(rows)]
    dataset = loaded(tmp_path, "a,label\n" + "\n".join(lines))
    np.testing.assert_array_equal(dataset.features[:, 0], np.arange(rows, dtype=np.float32))
    lines[540_000] = "oops,1"
    assert refused(tmp_path, "a,label\n" + "\n".join(lines)).place.line == 540_002


def test_without_the_name_of_a_label_column_it_is_asked_for(tmp_path):
    told = refusal(tmp_path, "a,label\n1,0\n", Keys("x", "y", ""))
    assert (
        told
        == "expected the name of a label column, received a table with the columns 'a', 'label'."
    )


def test_features_that_are_no_numbers_are_counted_and_used(tmp_path):
    dataset = loaded(tmp_path, "a,b,label\n1,2,0\n1,NaN,0\n-inf,1e39,1\n")
    assert dataset.strange is not None
    assert dataset.strange.count == 3
    assert str(dataset.strange.first) == "line 3, column 'b'"
    np.testing.assert_array_equal(
        dataset.features, np.array([[1, 2], [1, np.nan], [-np.inf, np.inf]], np.float32)
    )


def test_a_line_without_end_is_refused(tmp_path):
    assert refusal(tmp_path, "a,label\n" + "1" * (2**24 + 2**22)).startswith(
        "line 2: expected lines of at most"
    )


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_name_without_end_is_refused(tmp_path, quote):
    told = refusal(tmp_path, f"b,{quote}{'a' * 200_000}{quote},label\n1,1,0\n")
    assert told == (
        "line 1: expected names of columns, received what is none: field larger than field limit"
        " (131072). Cells were looked for between commas."
    )


def test_a_long_row_that_is_parted_otherwise_than_the_names_is_refused(tmp_path):
    names = ",".join(f"c{column}" for column in range(70_000))
    told = refusal(tmp_path, f"{names},label\n{'7;' * 70_000}1\n")
    assert told == (
        "line 2: expected one row per line, received what is none: field larger than field limit"
        " (131072). Cells were looked for between commas."
    )


def test_more_than_the_limit_is_refused(tmp_path):
    rows = "a,b,label\n" + "1,2,0\n" * 100
    assert loaded(tmp_path, rows, array_bytes=100 * (2 * 4 + 8 + 8)).labels.size == 100
    told = refusal(tmp_path, rows, array_bytes=100 * (2 * 4 + 8 + 8) - 1)
    assert told == "expected at most 0 MiB of features and labels, received more, unpacked."
