import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnt_datasets import Dataset, File, Keys, read
from tests.datasets.builders import FIXTURES, KEYS, loaded, means, refusal, zipped
from tests.datasets.test_csv import in_one_folder, tables

FOLDER = FIXTURES / "pickles"
WRITERS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
ROWS = np.arange(12)
PLAIN = np.float32(np.stack([ROWS, ROWS / 4, ROWS % 2 == 0, ROWS], axis=1))

PLAIN_ONES = (
    *("plain", "by_name", "by_date", "by_zone", "by_duration", "by_interval", "by_days", "by_bin"),
    *("by_two", "shuffled", "objects", "accented"),
)


def stored(name: str) -> list[str]:
    paths = [f"{writer}/{name}" for writer in WRITERS if (FOLDER / writer / name).exists()]
    assert paths
    return paths


def frame(path: str, folder, keys: Keys = KEYS) -> Dataset:
    return read(File(FOLDER / path, keys), means(folder))


@pytest.mark.parametrize(
    "path",
    [path for name in PLAIN_ONES for path in stored(f"{name}.pickle")],
)
def test_frames_of_every_pandas_are_read_whatever_their_rows_are_called(tmp_path, path):
    dataset = frame(path, tmp_path)
    assert dataset.format == "pickle"
    np.testing.assert_array_equal(dataset.features, PLAIN)
    assert dataset.labels.tolist() == (ROWS % 3).tolist()
    assert dataset.columns == ("größe" if "accented" in path else "f1", "f2", "flag", "f3")


@pytest.mark.parametrize("path", stored("plain.zip"))
def test_zipped_frames_are_read(tmp_path, path):
    dataset = frame(path, tmp_path)
    assert dataset.format == "zipped pickle"
    np.testing.assert_array_equal(dataset.features, PLAIN)


@pytest.mark.parametrize("path", stored("numbered.pickle"))
def test_columns_may_be_numbered(tmp_path, path):
    dataset = frame(path, tmp_path, Keys("", "", "4"))
    assert dataset.columns == ("0", "1", "2", "3")
    np.testing.assert_array_equal(dataset.features, PLAIN)


@pytest.mark.parametrize(
    "path",
    [
        *stored("kinds.pickle"),
        *(path for number in range(5) for path in stored(f"kinds_in_protocol_{number}.pickle")),
    ],
)
def test_every_kind_of_numbers_is_read_in_every_protocol(tmp_path, path):
    """Categories that are texts become their index, those that are numbers stand for themselves."""
    dataset = frame(path, tmp_path)
    assert dataset.columns == ("cat", "num", "n", "x", "b")
    np.testing.assert_array_equal(dataset.features[:, 0], [1, 0, 2] * 4)
    np.testing.assert_array_equal(dataset.features[:, 1], [30, 10, 20] * 4)
    np.testing.assert_array_equal(dataset.features[:, 2], ROWS)
    np.testing.assert_array_equal(dataset.features[:, 3], [0.5] * 12)
    np.testing.assert_array_equal(dataset.features[:, 4], [1, 0] * 6)
    assert dataset.labels.tolist() == [0, 1] * 6
    assert dataset.nominal == {"cat": ("a", "b", "c"), "label": ("dog", "cat")}


@pytest.mark.parametrize("path", stored("binned.pickle"))
def test_bins_become_their_index_and_are_told_as_pandas_shows_them(tmp_path, path):
    dataset = frame(path, tmp_path)
    np.testing.assert_array_equal(dataset.features[:, 0], [0] * 6 + [1] * 6)
    assert dataset.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert dataset.nominal == {
        "f1": ("(-1, 5]", "(5, 11]"),
        "label": ("(-0.011, 3.667]", "(3.667, 7.333]", "(7.333, 11.0]"),
    }


@pytest.mark.parametrize("closed", ["left", "right", "both", "neither"])
def test_bins_are_open_and_closed_where_they_were(tmp_path, closed):
    bins = pd.arrays.IntervalArray.from_breaks([0.5, 2, 4], closed=closed)
    path = tmp_path / "frame.pickle"
    pd.DataFrame({"f1": pd.Categorical(bins), "label": [0, 1]}).to_pickle(path)
    assert loaded(tmp_path, path.read_bytes()).nominal["f1"] == tuple(map(str, bins))


@pytest.mark.parametrize(
    "rows",
    [
        pd.date_range("2020", periods=2, freq="bh"),
        pd.date_range("2020", periods=2, freq="SME"),
        pd.date_range("2020", periods=2, tz="+01:00"),
        pd.period_range("2020", periods=2),
        pd.Index([1j, 2j]),
        pd.Index([pd.Timedelta(1), pd.Period("2020")], dtype=object),
        pd.Index([pd.Interval(0, 1), pd.Timestamp("2020", tz="Europe/Berlin")], dtype=object),
    ],
    ids=str,
)
@pytest.mark.parametrize("protocol", [2, 5])
def test_rows_may_have_labels_of_many_kinds(tmp_path, rows, protocol):
    path = tmp_path / "frame.pickle"
    pd.DataFrame({"f1": [1, 2], "label": [0, 1]}, index=rows).to_pickle(path, protocol=protocol)
    assert loaded(tmp_path, path.read_bytes()).features.tolist() == [[1], [2]]


def test_labels_of_rows_that_are_not_known_are_told_with_what_to_do(tmp_path):
    path = tmp_path / "frame.pickle"
    rows = pd.date_range("2020", periods=2, freq="C")
    pd.DataFrame({"f1": [1, 2], "label": [0, 1]}, index=rows).to_pickle(path)
    assert refusal(tmp_path, path.read_bytes()).endswith(
        "received a pickle that names 'pandas._libs.tslibs.offsets.CustomBusinessDay'."
        " Where row labels need it, DataFrame.reset_index(drop=True) leaves them out."
    )


TOLD = {
    "text": "column 'name': expected",
    "string": "column 'name': expected numbers, received texts.",
    "classes": "Classes that have names are numbered first",
    "dates": "column 'when': expected numbers, received dates",
    "zoned": "column 'when': expected numbers, received dates",
    "missing": "row 2, column 'f1': expected a number, received a missing value.",
    "no_class": "row 2, column 'label': expected a number, received a missing value.",
    "complex": "column 'wave': expected numbers, received complex ones.",
    "intervals": "column 'f1': expected numbers, received intervals.",
    "days": "column 'f1': expected categories that are texts, numbers or intervals of numbers,",
    "sparse": "column 'f1': expected numbers, received a sparse column.",
    "levels": "expected columns with one name each, received columns with names of several levels.",
    "series": "expected a DataFrame as DataFrame.to_pickle writes it, received a pickle of Series.",
}


@pytest.mark.parametrize(
    ("path", "told"),
    [(path, told) for name, told in TOLD.items() for path in stored(f"{name}.pickle")],
)
def test_what_is_no_table_of_numbers_is_told_by_its_column(tmp_path, path, told):
    assert told in refusal(tmp_path, (FOLDER / path).read_bytes())


@pytest.mark.parametrize("path", stored("nan.pickle"))
def test_features_that_are_no_numbers_are_counted_and_used(tmp_path, path):
    dataset = frame(path, tmp_path)
    assert dataset.strange is not None
    assert (dataset.strange.count, str(dataset.strange.first)) == (1, "row 2, column 'f1'")


dtypes = st.sampled_from(["float64", "float32", "int64", "int8", "uint16", "bool", "object"])


@in_one_folder
@given(data=st.data(), table=tables, protocol=st.integers(0, 5))
def test_what_pandas_writes_is_read(tmp_path, data, table, protocol):
    names = [*(f"f{column}" for column in range(table.shape[1] - 1)), "label"]
    with np.errstate(invalid="ignore"):
        columns = {
            name: values.astype(data.draw(dtypes))
            for name, values in zip(names, table.T, strict=True)
        }
    written = pd.DataFrame(columns)
    if data.draw(st.booleans()):
        written = written[data.draw(st.permutations(names))]
    path = tmp_path / "frame.pickle"
    written.to_pickle(path, protocol=protocol)
    dataset = loaded(tmp_path, path.read_bytes())
    expected = written.drop(columns="label").astype("float64").to_numpy().astype(np.float32)
    np.testing.assert_array_equal(dataset.features, expected)
    np.testing.assert_array_equal(
        dataset.labels.astype(np.float32), written["label"].astype("float64").to_numpy(np.float32)
    )


def test_numbers_of_another_byte_order_are_read(tmp_path):
    path = tmp_path / "frame.pickle"
    pd.DataFrame({"a": np.array([1, 2], ">f8"), "label": np.array([0, 1], ">i2")}).to_pickle(path)
    dataset = loaded(tmp_path, path.read_bytes())
    assert (dataset.features.tolist(), dataset.labels.tolist()) == ([[1], [2]], [0, 1])


def test_a_pickle_over_the_limit_is_not_read(tmp_path):
    content = (FOLDER / "pandas-3.1" / "plain.pickle").read_bytes()
    size = len(content)
    assert len(loaded(tmp_path, content, whole_bytes=size).features) == 12
    for too_large in (content, zipped(("frame", content))):
        told = refusal(tmp_path, too_large, whole_bytes=size - 1)
        assert told.startswith("expected at most 0.0 MiB in a format that has to be read whole")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_pickle_is_told(tmp_path, share):
    content = (FOLDER / "pandas-3.1" / "kinds.pickle").read_bytes()
    told = refusal(tmp_path, content[: int(len(content) * share)])
    assert told.startswith("expected a whole pickle, received a damaged one")
