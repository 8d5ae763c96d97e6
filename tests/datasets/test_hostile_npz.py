"""Archives that mean harm: refused before anything of them takes memory, and nothing of them is run or written."""

import contextlib
import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nnt_datasets import DatasetError
from tests.datasets import builders
from tests.datasets.builders import MIB, loaded, refusal
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


def one_member(content: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    return builders.zipped(("frame", content), compression=compression)


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
        "array 'x': expected an array of numbers, received Python objects, which are not loaded",
    ),
    "a pickle named as an array": (
        lambda canary: zipped(x=pickled(canary)),
        "array 'x': expected an array as numpy.savez writes it, received what cannot be read: the magic",
    ),
    "a pickle that names only NumPy": (
        lambda canary: zipped(x=pickled_behind_numpy(canary)),
        "array 'x': expected an array as numpy.savez writes it, received what cannot be read: the magic",
    ),
    "a pickle behind the header of an object array": (
        lambda canary: zipped(x=claiming(f"({ROWS},)", "'|O'", pickled_behind_numpy(canary))),
        "array 'x': expected an array of numbers, received Python objects",
    ),
    "a pickle behind the header of numbers": (
        lambda canary: zipped(x=claiming(f"({ROWS}, 4)", "'<f4'", pickled(canary))),
        "since it claims the shape (12, 4) of float32",
    ),
    "a structure with an object in it": (
        lambda canary: zipped(x=claiming("(12,)", "[('a', '<f4'), ('b', '|O')]", pickled(canary))),
        "array 'x': expected an array of numbers, received Python objects",
    ),
    "a pickle instead of an archive": (pickled, "names 'posix.mkdir'"),
    "a pickle beside the arrays": (
        lambda canary: zipped(("evil.pkl", pickled(canary))),
        "an archive that holds 'evil.pkl'",
    ),
    # More than it says, or less
    "a bomb": (
        with_x(npy(np.zeros((ROWS, 10**6), np.float32)), zipfile.ZIP_DEFLATED),
        "expected at most 21 MiB, unpacked, received 46 MiB",
    ),
    "many arrays that are a bomb together": (
        lambda canary: zipped(
            *[(f"{number}.npy", npy(np.zeros(10**5))) for number in range(60)],
            compression=zipfile.ZIP_DEFLATED,
        ),
        "expected at most 21",
    ),
    "members over each other": (lambda canary: overlapping(), "overlap"),
    "a claim of gigabytes": (
        with_list(_SIZE, 2**32 - 2, 4, zipfile.ZIP_DEFLATED),
        "cannot hold the 4294967294 it claims",
    ),
    "a claim of fewer bytes": (with_list(_SIZE, 150, 4, zipfile.ZIP_DEFLATED), "damaged"),
    "more packed bytes than the file": (with_list(_COMPRESSED_SIZE, 10**6, 4), "overlap"),
    "a shape of exabytes": (with_x(claiming("(9223372036854775807, 4)")), "claims the shape"),
    "a shape that overflows to the right size": (
        with_x(claiming(f"({2**62}, 4, 3)", values=b"")),
        "claims the shape",
    ),
    "a negative shape": (
        with_x(claiming("(-3, -4)")),
        "expected a possible shape, received (-3, -4)",
    ),
    "no rows, each of exabytes": (
        with_x(claiming(f"(0, {2**62})", values=b"")),
        "received an empty array",
    ),
    "a hundred dimensions": (
        with_x(claiming(f"({'1, ' * 100})", values=b"\0" * 4)),
        "expected a possible shape",
    ),
    "a header of nested brackets": (with_x(claiming("(" * 9000)), "received what cannot be read"),
    "a header that is an expression": (
        with_x(claiming("__import__('os').getcwd()")),
        "received what cannot be read",
    ),
    "a header of gigabytes": (
        with_x(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 100_000),
        "received what cannot be read",
    ),
    "a format of the future": (with_x(b"\x93NUMPY\x09\x00" + b" " * 100), "format is (9, 0)"),
    "a member of nothing": (with_x(b""), "received what cannot be read"),
    # Archives that NumPy does not write
    "a name that leads out": (
        with_member("../../evil.npy"),
        "an archive that holds '../../evil.npy'",
    ),
    "a name that leads out further on": (with_member("a/../../evil.npy"), "'a/../../evil.npy'"),
    "an absolute name": (with_member("/tmp/evil.npy"), "an archive that holds '/tmp/evil.npy'"),
    "a name with backslashes": (
        with_member("..\\evil.npy"),
        "an archive that holds '..\\\\evil.npy'",
    ),
    "a name with a NUL": (
        lambda canary: a_nul_in_a_name(),
        "an archive that holds 'x\N{REPLACEMENT CHARACTER}evil.npy'",
    ),
    "a program": (
        with_member("sitecustomize.py", b"boom"),
        "an archive that holds 'sitecustomize.py'",
    ),
    "a folder": (with_member("folder/", b""), "an archive that holds 'folder/'"),
    "a name that comes twice": (
        lambda canary: zipped(("z.npy", npy([1.0]))).replace(b"z.npy", b"x.npy"),
        "'x.npy' more than once",
    ),
    "a password": (with_list(_FLAGS, 1, 2), "'x.npy', which is encrypted"),
    "a password on the only member": (
        lambda canary: listed_as(one_member(b"\x80\x04N."), _FLAGS, 1, 2),
        "'frame', which is encrypted",
    ),
    "another compression of the only member": (
        lambda canary: one_member(b"\x80\x04N.", zipfile.ZIP_LZMA),
        "'frame', compressed in another way",
    ),
    "a bomb of the only member": (
        lambda canary: one_member(b"\x80\x04N." + bytes(2**22), zipfile.ZIP_DEFLATED),
        "expected at most 1.0 MiB in a format that has to be read whole",
    ),
    "another compression": (with_x(npy([1.0]), zipfile.ZIP_LZMA), "compressed in another way"),
    "an unknown compression": (with_list(_METHOD, 99, 2), "compressed in another way"),
    "2,000 members": (
        lambda canary: zipped(*[(f"{number}.npy", b"") for number in range(2000)]),
        "an archive of 2002",
    ),
    "a list of gigabytes": (lambda canary: a_list_of_gigabytes(), "damaged"),
    # Other kinds of files
    "nothing": (lambda canary: b"", "an empty file"),
    "an archive of nothing": (lambda canary: b"PK\x05\x06" + b"\0" * 18, "an archive of nothing"),
    "an .npy file": (lambda canary: npy([1.0]), "an .npy file, one array without a name"),
    "a picture": (lambda canary: _PNG, "a PNG picture"),
    "a gzip": (lambda canary: gzip.compress(data()), "a gzip file"),
    "the beginning of an archive": (lambda canary: b"PK\x03\x04", "damaged"),
    "half an archive": (lambda canary: data()[: len(data()) // 2], "damaged"),
    "an archive without its last byte": (lambda canary: data()[:-1], "damaged"),
    "an archive with a changed byte": (
        lambda canary: data().replace(np.float32(1).tobytes() * 4, b"evil" * 4, 1),
        "damaged",
    ),
    "a document of an office program": (
        lambda canary: zipped(("[Content_Types].xml", b"<xml/>")),
        "an archive that holds '[Content_Types].xml'",
    ),
    # Arrays that are none of numbers
    "texts": (npz_of(x=np.full((ROWS, 4), "x")), "values of type <U1"),
    "dates": (npz_of(x=np.zeros((ROWS, 4), "M8[s]")), "expected an array of numbers"),
    "complex numbers": (npz_of(x=np.zeros((ROWS, 4), complex)), "expected an array of numbers"),
    "texts of a gigabyte each": (
        with_x(claiming("(1,)", "'<U268435456'")),
        "expected an array of numbers",
    ),
    "no rows": (npz_of(x=np.zeros((0, 4))), "received an empty array: its shape is (0, 4)"),
    "a single number": (npz_of(x=np.float32(1)), "a single number"),
    "labels that are no numbers": (
        npz_of(y=np.full((ROWS, 3), np.nan)),
        "36 of 36 values that are NaN or infinite",
    ),
}


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that payloads make when they are run."""
    path = tmp_path_factory.mktemp("mine") / "canary"
    yield path
    assert not path.exists(), "the payload was run"


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_archive_is_told_and_not_loaded(tmp_path, case, canary):
    make, words = CASES[case]
    assert words in refusal(tmp_path, make(canary), array_bytes=10 * MIB, whole_bytes=MIB)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_changed_byte_is_told_or_changes_nothing(tmp_path):
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        content = zipped(compression=compression)
        for at in range(0, len(content), 3):
            changed = bytearray(content)
            changed[at] ^= random.Random(at).randrange(1, 256)
            with contextlib.suppress(DatasetError):
                features = loaded(tmp_path, bytes(changed)).features
                np.testing.assert_array_equal(features, np.ones((ROWS, 4)))


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
