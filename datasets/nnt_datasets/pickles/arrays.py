"""NumPy arrays from their descriptions in a pickle."""

import math
import re
from typing import Any

import numpy as np

from nnt_datasets.pickles.program import Made

_DIMENSIONS = 32
_DTYPE = re.compile(r"([biufcOMmSU])(\d*)")


def is_array(described: Any) -> bool:
    return isinstance(described, Made) and described.maker.name in ("_frombuffer", "_reconstruct")


def array(described: Made) -> "np.ndarray | list[Any]":
    """Numbers as an array, which shares the memory of the pickle; objects as a list. Raises ValueError."""
    if described.maker.name == "_frombuffer":
        content, dtype, shape, order = described.arguments
        return _numbers(content, dtype, shape, order == "F")
    _, shape, dtype, is_fortran, content = described.state
    if isinstance(content, list):
        return content
    return _numbers(content, dtype, shape, bool(is_fortran))


def scalar(described: Made) -> float:
    """Of numpy's; raises ValueError."""
    dtype, content = described.arguments
    return float(np.frombuffer(octets(content), numeric_dtype(dtype), count=1)[0])


def _numbers(content: Any, dtype: Made, shape: Any, is_fortran: bool) -> np.ndarray:
    kind = numeric_dtype(dtype)
    if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS:
        raise ValueError("an array of an impossible shape")
    sizes = tuple(int(size) for size in shape)
    values = octets(content)
    if min(sizes, default=0) < 0 or math.prod(sizes) * kind.itemsize != len(values):
        raise ValueError(f"an array of the shape {str(sizes)[:50]} that has {len(values)} bytes")
    return np.frombuffer(values, kind).reshape(sizes, order="F" if is_fortran else "C")


def octets(described: Any) -> bytes | bytearray:
    """Bytes, also as the first protocols of pickle write them: as texts to be encoded."""
    if isinstance(described, Made) and described.maker.name in ("encode", "bytearray"):
        content, *encoding = described.arguments
        if encoding in (["latin1"], ["latin-1"]) and isinstance(content, str):
            return content.encode("latin1")
        return octets(content)
    if not isinstance(described, bytes | bytearray):
        raise ValueError("an array without bytes")
    return described


def kind_of(described: Made) -> str:
    """`f8`, `O8`, `M8`; raises ValueError."""
    kind = described.arguments[0]
    if not isinstance(kind, str) or not _DTYPE.fullmatch(kind):
        raise ValueError("an array of an unknown type")
    return kind


def numeric_dtype(described: Made) -> "np.dtype[np.generic]":
    kind = kind_of(described)
    if kind not in _NUMERIC:
        raise ValueError(f"an array of the type {kind}")
    order = described.state[1] if described.state else "<"
    return np.dtype(kind).newbyteorder(">" if order == ">" else "<")


_NUMERIC = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"b1", "f2", "f4", "f8"}
