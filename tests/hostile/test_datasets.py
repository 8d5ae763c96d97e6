"""Uploaded datasets that mean harm: refused by their first bytes, or failed by the simulation, and never unpacked."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.payloads import (
    ROWS,
    claiming,
    data,
    listed_as,
    npy,
    objects,
    pickled,
    pickled_behind_numpy,
    zipped,
)

_PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
_COMPRESSED_SIZE, _SIZE = 20, 24  # in an entry of the list of members
_FLAGS, _METHOD = 8, 10


def npz_of(**arrays: object) -> Callable[[Path], bytes]:
    return lambda canary: data(**arrays)


def with_x(member: bytes, compression: int = 0) -> Callable[[Path], bytes]:
    return lambda canary: zipped(x=member, compression=compression)


def with_member(name: str, content: bytes = b"") -> Callable[[Path], bytes]:
    return lambda canary: zipped((name, content or npy([1.0])))


def with_list(offset: int, value: int, size: int, compression: int = 0) -> Callable[[Path], bytes]:
    return lambda canary: listed_as(zipped(compression=compression), offset, value, size)


def a_nul_in_a_name() -> bytes:
    return zipped(("x_evil.npy", npy([1.0]))).replace(b"x_evil.npy", b"x\0evil.npy")


def overlapping() -> bytes:
    """Two hundred members that are all in the same place: few bytes that unpack to many."""
    archive = zipped(*[(f"{number}.npy", npy([1.0])) for number in range(200)])
    start, *entries = archive.split(b"PK\x01\x02")
    size = struct.pack("<I", len(archive) // 100)
    same = [one[:16] + size * 2 + one[24:38] + bytes(4) + one[42:] for one in entries]
    return b"PK\x01\x02".join([start, *same])


def a_list_of_gigabytes() -> bytes:
    archive = bytearray(zipped())
    at = archive.rindex(b"PK\x05\x06")
    archive[at + 12 : at + 16] = struct.pack("<I", 2**31)
    return bytes(archive)


CASES: dict[str, tuple[Callable[[Path], bytes], str]] = {
    # Python objects
    "an object array": (npz_of(x=np.array([[1], [1, 2]] * 6, dtype=object)), "Python objects"),
    "an object array that runs when it is loaded": (
        lambda canary: zipped(x=objects(canary)),
        "'x' holds Python objects, which are not loaded",
    ),
    "a pickle named as an array": (
        lambda canary: zipped(x=pickled(canary)),
        "'x' cannot be read: the magic string is not correct",
    ),
    "a pickle that names only NumPy": (
        lambda canary: zipped(x=pickled_behind_numpy(canary)),
        "'x' cannot be read: the magic string is not correct",
    ),
    "a pickle behind the header of an object array": (
        lambda canary: zipped(x=claiming(f"({ROWS},)", "'|O'", pickled_behind_numpy(canary))),
        "'x' holds Python objects",
    ),
    "a pickle behind the header of numbers": (
        lambda canary: zipped(x=claiming(f"({ROWS}, 4)", "'<f4'", pickled(canary))),
        "'x' claims the shape (12, 4)",
    ),
    "a structure with an object in it": (
        lambda canary: zipped(x=claiming("(12,)", "[('a', '<f4'), ('b', '|O')]", pickled(canary))),
        "'x' holds Python objects",
    ),
    "a pickle instead of an archive": (pickled, "starts with"),
    "a pickle beside the arrays": (
        lambda canary: zipped(("evil.pkl", pickled(canary))),
        "it holds 'evil.pkl'",
    ),
    # More than it says, or less
    "a bomb": (
        with_x(npy(np.zeros((ROWS, 10**6), np.float32)), zipfile.ZIP_DEFLATED),
        "unpacked it takes 46 MiB, expected at most 10",
    ),
    "many arrays that are a bomb together": (
        lambda canary: zipped(
            *[(f"{number}.npy", npy(np.zeros(10**5))) for number in range(20)],
            compression=zipfile.ZIP_DEFLATED,
        ),
        "expected at most 10",
    ),
    "members over each other": (lambda canary: overlapping(), "overlap"),
    "a claim of gigabytes": (
        with_list(_SIZE, 2**32 - 2, 4, zipfile.ZIP_DEFLATED),
        "claims to unpack to 4294967294 bytes",
    ),
    "a claim of fewer bytes": (with_list(_SIZE, 150, 4, zipfile.ZIP_DEFLATED), "damaged"),
    "more packed bytes than the file": (with_list(_COMPRESSED_SIZE, 10**6, 4), "overlap"),
    "a shape of exabytes": (with_x(claiming("(9223372036854775807, 4)")), "claims the shape"),
    "a shape that overflows to the right size": (
        with_x(claiming(f"({2**62}, 4, 3)", values=b"")),
        "claims the shape",
    ),
    "a negative shape": (with_x(claiming("(-3, -4)")), "cannot have the shape (-3, -4)"),
    "no rows, each of exabytes": (with_x(claiming(f"(0, {2**62})", values=b"")), "is empty"),
    "a hundred dimensions": (with_x(claiming(f"({'1, ' * 100})", values=b"\0" * 4)), "the shape"),
    "a header of nested brackets": (with_x(claiming("(" * 9000)), "'x' cannot be read"),
    "a header that is an expression": (
        with_x(claiming("__import__('os').getcwd()")),
        "'x' cannot be read",
    ),
    "a header of gigabytes": (
        with_x(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 100_000),
        "'x' cannot be read",
    ),
    "a format of the future": (with_x(b"\x93NUMPY\x09\x00" + b" " * 100), "format is (9, 0)"),
    "a member of nothing": (with_x(b""), "'x' cannot be read"),
    # Archives that NumPy does not write
    "a name that leads out": (with_member("../../evil.npy"), "it holds '../../evil.npy'"),
    "a name that leads out further on": (with_member("a/../../evil.npy"), "'a/../../evil.npy'"),
    "an absolute name": (with_member("/tmp/evil.npy"), "it holds '/tmp/evil.npy'"),
    "a name with backslashes": (with_member("..\\evil.npy"), "it holds '..\\\\evil.npy'"),
    "a name with a NUL": (lambda canary: a_nul_in_a_name(), "it holds 'x\\x00evil.npy'"),
    "a program": (with_member("sitecustomize.py", b"boom"), "it holds 'sitecustomize.py'"),
    "a folder": (with_member("folder/", b""), "it holds 'folder/'"),
    "a name that comes twice": (
        lambda canary: zipped(("z.npy", npy([1.0]))).replace(b"z.npy", b"x.npy"),
        "'x.npy' is in it 2 times",
    ),
    "a password": (with_list(_FLAGS, 1, 2), "'x.npy' is encrypted"),
    "another compression": (with_x(npy([1.0]), zipfile.ZIP_LZMA), "compressed in another way"),
    "an unknown compression": (with_list(_METHOD, 99, 2), "compressed in another way"),
    "2,000 members": (
        lambda canary: zipped(*[(f"{number}.npy", b"") for number in range(2000)]),
        "it has 2002 members",
    ),
    "a list of gigabytes": (lambda canary: a_list_of_gigabytes(), "damaged"),
    # Other kinds of files
    "nothing": (lambda canary: b"", "empty"),
    "an archive of nothing": (lambda canary: b"PK\x05\x06" + b"\0" * 18, "starts with b'PK"),
    "an .npy file": (lambda canary: npy([1.0]), "starts with b'\\x93NUM'"),
    "a table": (lambda canary: b"a,b\n1,2\n", "starts with b'a,b\\n'"),
    "a picture": (lambda canary: _PNG, "starts with b'\\x89PNG'"),
    "a gzip": (lambda canary: gzip.compress(data()), "starts with b'\\x1f"),
    "the beginning of an archive": (lambda canary: b"PK\x03\x04", "damaged"),
    "half an archive": (lambda canary: data()[: len(data()) // 2], "damaged"),
    "an archive without its last byte": (lambda canary: data()[:-1], "damaged"),
    "an archive with a changed byte": (
        lambda canary: data().replace(np.float32(1).tobytes() * 4, b"evil" * 4, 1),
        "damaged",
    ),
    "a document of an office program": (
        lambda canary: zipped(("[Content_Types].xml", b"<xml/>")),
        "it holds '[Content_Types].xml'",
    ),
    # Arrays that are none of numbers
    "texts": (npz_of(x=np.full((ROWS, 4), "x")), "values of type <U1, expected numbers"),
    "dates": (npz_of(x=np.zeros((ROWS, 4), "M8[s]")), "expected numbers"),
    "complex numbers": (npz_of(x=np.zeros((ROWS, 4), complex)), "expected numbers"),
    "texts of a gigabyte each": (with_x(claiming("(1,)", "'<U268435456'")), "expected numbers"),
    "no rows": (npz_of(x=np.zeros((0, 4))), "'x' is empty"),
    "a single number": (npz_of(x=np.float32(1)), "single number"),
    "labels that are no numbers": (npz_of(y=np.full((ROWS, 3), np.nan)), "NaN or infinite"),
}


@pytest.fixture(autouse=True)
def _few_megabytes(monkeypatch):
    monkeypatch.setenv("NNT_DATASET_MAX_MB", "10")


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_dataset_is_told_and_not_loaded(case, told, canary):
    content, words = CASES[case]
    text = told(train_file=content(canary))
    assert words in text
    assert len(text) < 1000


def test_the_payloads_would_run_if_they_were_loaded(tmp_path):
    """So that the tests above prove something."""
    for number, make in enumerate((pickled, pickled_behind_numpy, objects)):
        canary = tmp_path / str(number)
        content = make(canary)
        if make is objects:
            np.lib.format.read_array(io.BytesIO(content), allow_pickle=True)
        else:
            __import__("pickle").loads(content)
        assert canary.exists()
