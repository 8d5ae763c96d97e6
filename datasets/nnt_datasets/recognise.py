"""Which format a file has, by its content: names of files say little."""

import re
from collections.abc import Mapping
from pathlib import Path

from nnt_datasets.dataset import Format
from nnt_datasets.errors import DatasetError, listed, quoted
from nnt_datasets.formats.archive import check_packing, opened

_START_BYTES = 2**16
_KNOWN = "an .npz, .csv, .arff or .json file, or a pickled pandas DataFrame"
_NPY = b"\x93NUMPY"
_TAR_AT = 257
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# Protocols 2 to 5, and what a DataFrame begins with in 0 and 1.
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?ccopy_reg\n_reconstructor\n")
_ARFF_WORD = re.compile(r"@(?:relation|attribute|data)\b", re.IGNORECASE)
_OTHERS: Mapping[bytes, tuple[str, str]] = {
    _NPY: (
        "an .npy file, one array without a name",
        "numpy.savez writes several with their names.",
    ),
    b"\x1f\x8b": ("a gzip file", "Unpack it first."),
    b"BZh": ("a bzip2 file", "Unpack it first."),
    b"\xfd7zXZ\0": ("an xz file", "Unpack it first."),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "Unpack it first."),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "Unpack it first."),
    b"Rar!\x1a\x07": ("a rar archive", "Unpack it first."),
    b"PAR1": ("a Parquet file", "DataFrame.to_csv(path, index=False) writes a .csv file."),
    b"ARROW1": ("an Arrow file", "DataFrame.to_csv(path, index=False) writes a .csv file."),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", "numpy.savez writes its arrays to an .npz file."),
    b"MATLAB": ("a MATLAB file", "numpy.savez writes its arrays to an .npz file."),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "It can be saved as .csv."),
    b"%PDF": ("a PDF document", ""),
    b"\x89PNG": ("a PNG picture", ""),
    b"\xff\xd8\xff": ("a JPEG picture", ""),
    b"\xff\xfe": ("text in UTF-16", "It can be saved in UTF-8."),
    b"\xfe\xff": ("text in UTF-16", "It can be saved in UTF-8."),
}


def recognise(path: Path) -> Format:
    """Raises DatasetError that says what the file is instead."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if start.startswith(_ZIP):
        return _of_archive(path)
    for magic, (kind, hint) in _OTHERS.items():
        if start.startswith(magic):
            raise DatasetError(_KNOWN, kind, hint=hint)
    if start[_TAR_AT:].startswith(b"ustar"):
        raise DatasetError(_KNOWN, "a tar archive", hint="Unpack it first.")
    if _PICKLE.match(start):
        return "pickle"
    return _of_text(start)


def _of_text(start: bytes) -> Format:
    text = start.decode("utf-8-sig", "replace")
    begin = text.lstrip()
    if not begin:
        raise DatasetError(_KNOWN, "an empty file")
    if "\0" in text:
        raise DatasetError(_KNOWN, f"a file that starts with {start[:8]!r}")
    if begin.startswith("<"):
        raise DatasetError(_KNOWN, "a page of HTML or XML")
    if begin.startswith(("{", "[")):
        return "json"
    return "arff" if _is_arff(text) else "csv"


def _is_arff(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("%")), "")
    # Of a comment that is longer than what was read, nothing else is known.
    return bool(_ARFF_WORD.match(first)) if first else text.lstrip().startswith("%")


def _of_archive(path: Path) -> Format:
    with opened(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if not members:
            raise DatasetError(_KNOWN, "an archive of nothing")
        if any(name.endswith(".npy") for name in names):
            return "npz"  # whose reader says what is wrong with the others
        if "[Content_Types].xml" in names:
            raise DatasetError(
                _KNOWN, "a document of an office program", hint="It can be saved as .csv."
            )
        if len(members) > 1:
            raise DatasetError(
                "a zip archive of one pickled DataFrame, or of arrays as numpy.savez writes them",
                f"one that holds {listed(names)}",
            )
        check_packing(members[0])
        with archive.open(members[0]) as content:
            if _PICKLE.match(content.read(64)):
                return "zipped pickle"
    raise DatasetError(
        "a zip archive of one pickled DataFrame, or of arrays as numpy.savez writes them",
        f"one that holds {quoted(names[0])}",
        hint="Other tables are not zipped.",
    )
