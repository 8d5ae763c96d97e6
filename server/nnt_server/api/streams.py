"""Answers that are made while they are sent: nothing of them is held whole."""

import json
import math
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from nnt_contract.message import number_to_json
from nnt_server.simulations.collected import plain

_ROWS_PER_PIECE = 200
_NPY_ALIGNMENT = 64


def json_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A JSON list of objects."""
    remaining = iter(rows)
    start = "["
    while piece := list(islice(remaining, _ROWS_PER_PIECE)):
        objects = (
            json.dumps(dict(zip(columns, map(plain, row), strict=True)), ensure_ascii=False)
            for row in piece
        )
        yield (start + ",\n".join(objects)).encode()
        start = ",\n"
    yield b"]" if start != "[" else b"[]"


def json_array(pieces: Iterable[Sequence[float]], shape: Sequence[int]) -> Iterator[bytes]:
    """Numbers, which come flattened in C order, in lists that are nested as the shape says."""
    row = shape[-1] if shape else 1
    sizes = [math.prod(shape[axis:]) for axis in range(len(shape))]
    done = 0
    for piece in pieces:
        text, at = [], 0
        while at < len(piece):
            some = piece[at : at + row - done % row]
            opened = sum(done % size == 0 for size in sizes)
            text.append("," if done else "")
            text.append("[" * opened + ",".join(map(_number, some)))
            done, at = done + len(some), at + len(some)
            text.append("]" * sum(done % size == 0 for size in sizes))
        yield "".join(text).encode()


def npy(pieces: Iterable[Sequence[float]], shape: Sequence[int]) -> Iterator[bytes]:
    """The same as a file of numpy's format 1.0, which numpy.load reads."""
    yield npy_header(shape)
    for piece in pieces:
        values = array("f", piece)
        if sys.byteorder == "big":
            values.byteswap()
        yield values.tobytes()


def npy_header(shape: Sequence[int]) -> bytes:
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    start = b"\x93NUMPY\x01\x00"
    filled = len(start) + 2 + len(described) + 1
    described += b" " * (-filled % _NPY_ALIGNMENT) + b"\n"
    return start + len(described).to_bytes(2, "little") + described


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'"{number_to_json(value)}"'
