import arff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.builders import loaded, refusal
from tests.datasets.test_csv import in_one_folder

REPORT = """@RELATION EXAMPLE
@ATTRIBUTE label NUMERIC
@ATTRIBUTE f1 NUMERIC
@ATTRIBUTE f2 NUMERIC
@ATTRIBUTE f3 NUMERIC
@DATA
1,500,100,200
2,100,700,150
0,200,400,250
"""
IRIS = """% a comment

@relation 'iris flowers'
@attribute\t'sepal length'\treal
@Attribute "petal width" INTEGER
@attribute label {Iris-setosa, 'Iris versi\\'color', "Iris virginica"}

@data
% another
5.1, 2, Iris-setosa
4.9,3.5,'Iris versi\\'color'

4.7,'4',"Iris virginica"
"""


def table(*attributes: str, rows: str = "1,0\n") -> str:
    declared = "\n".join(f"@attribute {attribute}" for attribute in attributes)
    return f"@relation r\n{declared}\n@data\n{rows}"


def test_the_example_of_the_users_is_read(tmp_path):
    dataset = loaded(tmp_path, REPORT)
    assert dataset.format == "arff"
    assert dataset.features.tolist() == [[500, 100, 200], [100, 700, 150], [200, 400, 250]]
    assert dataset.labels.tolist() == [1, 2, 0]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_nominal_values_become_their_index_in_the_order_they_are_declared(tmp_path, end):
    dataset = loaded(tmp_path, IRIS.replace("\n", end))
    assert dataset.columns == ("sepal length", "petal width")
    np.testing.assert_array_equal(
        dataset.features, np.array([[5.1, 2], [4.9, 3.5], [4.7, 4]], np.float32)
    )
    assert dataset.labels.tolist() == [0, 1, 2]
    assert dataset.nominal == {"label": ("Iris-setosa", "Iris versi'color", "Iris virginica")}


def test_nominal_numbers_are_indices_too(tmp_path):
    text = table("a {3,1,2}", "label {1,0}", rows="1,1\n3,0\n2,1\n")
    assert loaded(tmp_path, text).features.tolist() == [[1], [0], [2]]
    assert loaded(tmp_path, text).labels.tolist() == [0, 1, 0]


def test_nominal_booleans_are_indices_too(tmp_path):
    text = table("a {0,1,true}", "label numeric", rows="true,1\n1,0\n")
    assert loaded(tmp_path, text).features.tolist() == [[2], [1]]


def test_sparse_rows_are_filled(tmp_path):
    text = table("a numeric", "b {x,y}", "label {no,yes}", rows="{0 5, 2 yes}\n{}\n{1 y}\n")
    assert loaded(tmp_path, text).features.tolist() == [[5, 0], [0, 0], [0, 1]]
    assert loaded(tmp_path, text).labels.tolist() == [1, 0, 0]


def test_names_in_latin_1_are_names(tmp_path):
    text = table("größe numeric", "label {für,gegen}", rows="1,gegen\n2,für\n").encode("latin-1")
    assert loaded(tmp_path, text).columns == ("größe",)
    assert loaded(tmp_path, text).labels.tolist() == [1, 0]


# Braces liac-arff writes without the quotes it needs to read them.
letters = st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="{}")
words = st.text(letters, min_size=1, max_size=6)
nominal = st.lists(words.filter(lambda word: word != "?"), min_size=1, max_size=5, unique=True)
numeric = st.floats(width=32, allow_nan=False, allow_infinity=False)


@in_one_folder
@given(data=st.data(), values=nominal, size=st.integers(1, 6))
def test_it_is_read_as_liac_arff_reads_it(tmp_path, data, values, size):
    rows = [[data.draw(numeric), data.draw(st.sampled_from(values)), 1.0] for _ in range(size)]
    attributes = [("a b", "REAL"), ("kind", values), ("label", "NUMERIC")]
    text = arff.dumps({"relation": "r", "attributes": attributes, "data": rows})
    expected = [row[:2] for row in arff.loads(text, encode_nominal=True)["data"]]
    dataset = loaded(tmp_path, text)
    np.testing.assert_array_equal(dataset.features, np.array(expected, np.float32))
    assert dataset.nominal["kind"] == tuple(values)


def test_a_list_of_values_without_end_is_told_at_once(tmp_path):
    """Where liac-arff would search for ever."""
    values = ", ".join(f"New {number}" for number in range(1000))
    assert "expected values in braces" in refusal(
        tmp_path, table(f"a {{{values}}}", "label numeric")
    )


def test_few_characters_that_are_many_values_are_refused(tmp_path):
    attributes = [f"a{number} numeric" for number in range(50_000)]
    rows = "{}\n" * 1000
    told = refusal(tmp_path, table(*attributes, "label numeric", rows=rows))
    assert told == "expected at most 64 MiB of features and labels, received more, unpacked."
