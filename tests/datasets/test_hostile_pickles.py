"""Pickles that mean harm: refused by what they name, or as damaged, and never run."""

import contextlib
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from nnt_datasets import DatasetError
from nnt_datasets.pickles.names import KNOWN
from tests.datasets.builders import FIXTURES, loaded, refusal, zipped
from tests.hostile.payloads import pickled, pickled_behind_numpy

FRAME = (FIXTURES / "pickles" / "pandas-3.1" / "plain.pickle").read_bytes()
DAMAGED = "expected a whole pickle, received a damaged one"
UNREADABLE = "received one that cannot be read"


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that payloads make when they are run."""
    path = tmp_path_factory.mktemp("mine") / "canary"
    yield path
    assert not path.exists(), "the payload was run"


class Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def calling(function: Any, *arguments: Any) -> bytes:
    return pickle.dumps(Calls(function, *arguments))


def name(module: str, of_it: str) -> bytes:
    return f"c{module}\n{of_it}\n".encode()


def proto(*steps: bytes) -> bytes:
    return b"\x80\x02" + b"".join(steps) + b"."


def frame(state: bytes) -> bytes:
    """A DataFrame that is told this state."""
    return proto(name("pandas.core.frame", "DataFrame"), b")\x81", state, b"b")


def manager(blocks: bytes, axes: bytes) -> bytes:
    made = name("pandas.core.internals.managers", "BlockManager") + blocks + axes + b"\x86R"
    return frame(b"}U\x04_mgr" + made + b"s")


def array(shape: bytes, content: bytes, dtype: bytes = b"f8") -> bytes:
    kind = name("numpy", "dtype") + b"U" + bytes([len(dtype)]) + dtype + b"\x85R"
    made = name("numpy.core.multiarray", "_reconstruct") + b")R"
    return made + b"(K\x01" + shape + kind + b"\x89" + content + b"tb"


def block(values: bytes) -> bytes:
    at = name("builtins", "slice") + b"(K\x00K\x01K\x01tR"
    return name("pandas._libs.internals", "_unpickle_block") + values + at + b"K\x02\x87R\x85"


def range_index(stop: bytes) -> bytes:
    fields = b"}(U\x05startK\x00U\x04stop" + stop + b"U\x04stepK\x01u"
    index = name("pandas.core.indexes.base", "_new_Index")
    return index + name("pandas.core.indexes.range", "RangeIndex") + fields + b"\x86R"


def one_column(values: bytes, names: bytes | None = None) -> bytes:
    return manager(block(values), b"](" + (names or range_index(b"K\x01")) + b"Ne")


HUGE = b"\x8a\x08" + (2**62).to_bytes(8, "little")
RUNS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "a call of os": (pickled, "a pickle that names 'posix.mkdir'"),
    "a call of what is NumPy's": (
        pickled_behind_numpy,
        "a pickle that names 'numpy.testing._private.utils.runstring'",
    ),
    "a call of eval": (
        lambda canary: calling(eval, f"__import__('os').mkdir({str(canary)!r})"),
        "names 'builtins.eval'",
    ),
    "a call of what is pandas'": (
        lambda canary: proto(
            name("pandas", "eval"), b"U\x04@x.y\x85R"
        ),
        "names 'pandas.eval'",
    ),
    "an attribute of something known": (
        lambda canary: calling(getattr, np.ndarray, "tofile"),
        "names 'numpy.ndarray.tofile'",
    ),
    "an attribute of an attribute": (
        lambda canary: calling(getattr, Calls(getattr, ZoneInfo, "_unpickle"), "__globals__"),
        "names 'zoneinfo.ZoneInfo._unpickle.__globals__'",
    ),
    "an attribute in the first protocols": (
        lambda canary: proto(
            name("__builtin__", "getattr") + name("zoneinfo", "ZoneInfo") + b"U\x09from_file\x86R"
        ),
        "names 'zoneinfo.ZoneInfo.from_file'",
    ),
    "an attribute of what is made": (
        lambda canary: calling(getattr, np.dtype("f8"), "newbyteorder"),
        DAMAGED,
    ),
    "an attribute of the function that gets attributes": (
        lambda canary: calling(getattr, getattr, "__self__"),
        DAMAGED,
    ),
    "an attribute that is made": (
        lambda canary: calling(getattr, ZoneInfo, np.dtype("f8")),
        DAMAGED,
    ),
    "an attribute or something else": (
        lambda canary: calling(getattr, ZoneInfo, "_unpickle", eval),
        "names 'builtins.eval'",
    ),
    "an attribute with a third argument": (
        lambda canary: calling(getattr, ZoneInfo, "_unpickle", 1),
        DAMAGED,
    ),
    "a new object of the function that gets attributes": (
        lambda canary: proto(name("builtins", "getattr") + name("numpy", "ndarray") + b"U\x01T\x86\x81"),
        "names 'numpy.ndarray.T'",
    ),
    "a state of the function that gets attributes": (
        lambda canary: proto(name("builtins", "getattr") + b"}b"),
        DAMAGED,
    ),
    "a function that gets attributes, for a frame": (
        lambda canary: proto(name("builtins", "getattr")),
        "received a pickle of type",
    ),
    "an attribute by a name with dots": (
        lambda canary: proto(name("numpy", "ndarray.tofile"), b")R"),
        "names 'numpy.ndarray.tofile'",
    ),
    "a name that is put together": (
        lambda canary: b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        "names 'os.system'",
    ),
    "a module that is longer by a dot": (
        lambda canary: proto(name("numpy.", "dtype")),
        "names 'numpy..dtype'",
    ),
    "a call in the state of a frame": (
        lambda canary: frame(b"}U\x04_mgr" + pickled(canary)[2:-1] + b"s"),
        "names 'posix.mkdir'",
    ),
    "a call behind a frame": (
        lambda canary: FRAME[:-1] + b"0" + pickled(canary)[2:],
        "names 'posix.mkdir'",
    ),
    "a call in a zip archive": (
        lambda canary: zipped(("frame", pickled(canary))),
        "names 'posix.mkdir'",
    ),
    "an instance of the first protocols": (
        lambda canary: proto(b"(ios\nsystem\n"),
        "a pickle with the step INST",
    ),
    "an extension": (lambda canary: proto(b"\x82\x01"), "a pickle with the step EXT1"),
    "a persistent id": (lambda canary: proto(b"Pid\n"), "a pickle with the step PERSID"),
    "a buffer from elsewhere": (
        lambda canary: b"\x80\x05\x97.",
        "a pickle with the step NEXT_BUFFER",
    ),
}  # fmt: skip


def nested_intervals(depth: int) -> bytes:
    """Categories that are intervals between intervals, on both sides the same ones."""
    made = name("pandas.core.indexes.interval", "_new_IntervalIndex")
    kind = name("pandas.core.indexes.interval", "IntervalIndex")
    inner = range_index(b"K\x01") + b"q\x09"
    for _ in range(depth):
        fields = b"}(U\x04left" + inner + b"U\x05right" + b"h\x09" + b"U\x06closedNu"
        inner = made + kind + fields + b"\x86Rq\x09"
    return inner


def objects_index(item: bytes) -> bytes:
    """An index of one object."""
    data = array(b"K\x01\x85", b"]" + item + b"a", b"O8")
    index = name("pandas.core.indexes.base", "_new_Index") + name(
        "pandas.core.indexes.base", "Index"
    )
    return index + b"}U\x04data" + data + b"s\x86R"


def intervals_between(bounds: bytes) -> bytes:
    made = name("pandas.core.indexes.interval", "_new_IntervalIndex")
    kind = name("pandas.core.indexes.interval", "IntervalIndex")
    fields = b"}(U\x04left" + bounds + b"U\x05right" + bounds + b"U\x06closedNu"
    return made + kind + fields + b"\x86R"


ENDLESS = b"(" + b"(" * 50_000 + b"t" * 50_000
DOUBLED = b")" + b"2\x86" * 60  # a tuple of 2⁶⁰ tuples
BREAKS: dict[str, tuple[bytes, str]] = {
    "a place of the memo in gigabytes": (
        proto(b"N", b"r" + struct.pack("<I", 2**32 - 1)),
        "a pickle of NoneType",
    ),
    "a memo that was never filled": (proto(b"h\x07"), DAMAGED),
    "a text of exabytes": (b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.", DAMAGED),
    "a frame of exabytes": (b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.", "a pickle of NoneType"),
    "a whole number of a million digits": (proto(b"I" + b"9" * 10**6 + b"\n"), DAMAGED),
    "nothing on its stack": (proto(b"\x85"), DAMAGED),
    "no end": (b"\x80\x02N", DAMAGED),
    "no mark": (proto(b"t"), DAMAGED),
    "a state of a list": (proto(b"]}b"), DAMAGED),
    "items of a number": (proto(b"K\x01Na"), DAMAGED),
    "a deep tuple": (proto(ENDLESS), "a pickle of tuple"),
    "a deep key": (proto(b"}" + ENDLESS + b"Ns"), DAMAGED),
    "a key of 2⁶⁰ parts": (proto(b"}" + DOUBLED + b"Ns"), DAMAGED),
    "a frame of 2⁶⁰ parts": (frame(DOUBLED), UNREADABLE),
    "a list that holds itself": (proto(b"]q\x00h\x00a"), "a pickle of list"),
    "a frame that holds itself": (
        proto(name("pandas.core.frame", "DataFrame"), b")\x81q\x00}U\x04_mgrh\x00sb"),
        UNREADABLE,
    ),
    "a frame without a state": (proto(name("pandas.core.frame", "DataFrame"), b")\x81"), UNREADABLE),
    "a frame of nothing": (frame(b"}"), UNREADABLE),
    "blocks of nothing": (manager(b")", b"](" + range_index(b"K\x01") + b"Ne"), UNREADABLE),
    "an array of exabytes": (one_column(array(HUGE + b"\x85", b"U\x00")), UNREADABLE),
    "an array that overflows to the right size": (
        one_column(array(HUGE + b"K\x08\x86", b"U\x00")),
        UNREADABLE,
    ),
    "a negative array": (
        one_column(array(b"J\xff\xff\xff\xffJ\xf8\xff\xff\xff\x86", b"U\x08" + b"x" * 8)),
        UNREADABLE,
    ),
    "an array of objects behind bytes": (
        one_column(array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8, b"O8")),
        UNREADABLE,
    ),
    "an array of pointers": (
        one_column(array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8, b"V8")),
        UNREADABLE,
    ),
    "an array of fewer bytes": (one_column(array(b"K\x01K\x09\x86", b"U\x08" + b"x" * 8)), UNREADABLE),
    "a name per exabyte": (one_column(array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8), range_index(HUGE)), UNREADABLE),
    "names of 2⁶⁰ intervals": (
        one_column(array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8), nested_intervals(60)),
        UNREADABLE,
    ),
    "a name of 2⁶⁰ parts": (
        one_column(array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8), objects_index(DOUBLED)),
        "columns with one name each",
    ),
    "intervals between 2⁶⁰ parts": (
        one_column(
            array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8), intervals_between(objects_index(DOUBLED))
        ),
        UNREADABLE,
    ),
    "names that hold themselves": (
        one_column(
            array(b"K\x01K\x01\x86", b"U\x08" + b"x" * 8),
            name("pandas.core.indexes.base", "_new_Index")
            + name("pandas.core.indexes.base", "Index")
            + b"}U\x04data"
            + name("pandas.arrays", "StringArray")
            + b")\x81q\x05}U\x08_ndarrayh\x05sbs\x86R",
        ),
        UNREADABLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNS)
def test_what_a_pickle_would_run_is_not_run_and_told(tmp_path, canary, case):
    make, told = RUNS[case]
    assert told in refusal(tmp_path, make(canary))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", BREAKS)
def test_what_would_break_its_reader_is_told(tmp_path, case):
    content, told = BREAKS[case]
    assert told in refusal(tmp_path, content)


@pytest.mark.parametrize(
    "path", ["pandas-3.1/plain.pickle", "pandas-1.5/kinds_in_protocol_0.pickle"]
)
def test_a_changed_byte_is_told_or_changes_a_number(tmp_path, path):
    content = (FIXTURES / "pickles" / path).read_bytes()
    for at in range(0, len(content), 17):
        changed = bytearray(content)
        changed[at] ^= 0x15
        with contextlib.suppress(DatasetError):
            loaded(tmp_path, bytes(changed))


def test_nothing_that_runs_code_is_known():
    modules = {module for module, _ in KNOWN}
    assert not modules & {"os", "posix", "subprocess", "sys", "importlib", "operator", "functools"}
    assert {name for module, name in KNOWN if module in ("builtins", "__builtin__")} == {
        *("slice", "object", "bytearray")
    }


def test_the_payloads_would_run_if_they_were_loaded(canary):
    """So that the tests above prove something."""
    pickle.loads(pickled(canary))
    assert canary.exists()
    os.rmdir(canary)
