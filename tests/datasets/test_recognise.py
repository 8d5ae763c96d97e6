import bz2
import gzip
import io
import lzma
import tarfile

import numpy as np
import pytest

from nnt_datasets import File, read, recognise
from tests.datasets.builders import FIXTURES, KEYS, means, npz, refusal, written, zipped

PICKLE = (FIXTURES / "pickles" / "pandas-3.1" / "plain.pickle").read_bytes()
CSV = b"a,label\n1,0\n"
CONTENTS = {
    "npz": npz(x=[[1]], y=[0]),
    "csv": CSV,
    "arff": b"% about\n\n@RELATION r\n@ATTRIBUTE a REAL\n@ATTRIBUTE label REAL\n@DATA\n1,0\n",
    "json": b'\xef\xbb\xbf \n{"a": [1], "label": [0]}',
    "pickle": PICKLE,
    "zipped pickle": zipped(("frame.csv", PICKLE)),
}


@pytest.mark.parametrize("name", ["data.npz", "data.csv", "data.arff", "data.json", "data.pickle"])
@pytest.mark.parametrize("format", CONTENTS)
def test_a_format_is_recognised_by_its_content_and_not_by_its_name(tmp_path, format, name):
    path = written(tmp_path, CONTENTS[format], name)
    assert recognise(path) == format
    assert read(File(path, KEYS), means(tmp_path)).format == format


def tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "an empty file"),
        (b" \n\t\r\n", "an empty file"),
        (gzip.compress(CSV), "a gzip file. Unpack it first."),
        (bz2.compress(CSV), "a bzip2 file. Unpack it first."),
        (lzma.compress(CSV), "an xz file. Unpack it first."),
        (tar(), "a tar archive. Unpack it first."),
        (b"PAR1" + b"\0" * 20, "a Parquet file. DataFrame.to_csv(path, index=False) writes a .csv file."),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 9, "an HDF5 file. numpy.savez writes its arrays to an .npz file."),
        (CSV.decode().encode("utf-16"), "text in UTF-16. It can be saved in UTF-8."),
        (b"<!DOCTYPE html><html>", "a page of HTML or XML."),
        (b"\0\1\2\3\4\5\6\7", r"a file that starts with b'\x00\x01\x02\x03\x04\x05\x06\x07'."),
        (zipped(("a.csv", CSV)), "one that holds 'a.csv'. Other tables are not zipped."),
        (zipped(("a.pickle", PICKLE), ("b.pickle", PICKLE)), "one that holds 'a.pickle', 'b.pickle'."),
        (zipped(("[Content_Types].xml", b"")), "a document of an office program. It can be saved as .csv."),
        (b"PK\x05\x06" + b"\0" * 18, "an archive of nothing."),
    ],
)  # fmt: skip
def test_what_it_is_instead_is_told(tmp_path, content, received):
    told = refusal(tmp_path, content)
    assert told.startswith(
        ("expected an .npz, .csv, .arff or .json file", "expected a zip archive")
    )
    assert received in told


def test_a_file_that_is_away_is_told(tmp_path):
    from nnt_datasets import DatasetError

    with pytest.raises(DatasetError) as wrong:
        read(File(tmp_path / "gone", KEYS, "gone.csv"), means(tmp_path), "test")
    assert str(wrong.value) == "Test data (gone.csv): expected a file, received none."


def test_a_comment_longer_than_what_is_looked_at_begins_an_arff_file(tmp_path):
    content = b"% " + b"x" * 100_000 + b"\n" + CONTENTS["arff"]
    assert recognise(written(tmp_path, content)) == "arff"


def test_arrays_that_are_read_leave_no_files(tmp_path):
    dataset = read(File(written(tmp_path, CSV), KEYS), means(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    np.testing.assert_array_equal(dataset.features, [[1]])
