"""Cells of a text table to numbers: whole blocks at once, or one by one to say what is wrong with which."""

import re
from collections.abc import Callable, Mapping
from io import StringIO
from types import MappingProxyType
from typing import Any

import numpy as np

from nnt_datasets.errors import DatasetError, Place, TextError, quoted

Conversion = Callable[[str], Any]  # to a float

_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_COMMA_FOR_A_POINT = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_BOOLEANS = {"true": 1.0, "false": 0.0}


def numbers(
    text: str,
    columns: int,
    delimiter: str,
    quote: str,
    nominal: Mapping[int | str, Conversion] = MappingProxyType({}),
) -> np.ndarray | None:
    """float64 (rows, columns); None where a cell is no number, or a row of another length, or there is none."""
    # Of other characters, NumPy takes some for blanks.
    if not text.isascii() or not text.strip(" \n"):
        return None
    try:
        values = np.loadtxt(
            StringIO(text),
            delimiter=delimiter,
            comments=None,
            quotechar=quote,
            converters=dict(nominal) or None,
            ndmin=2,
            dtype=np.float64,
        )
    except (ValueError, KeyError):
        return None
    return values if values.shape[1] == columns else None


def without_booleans(text: str, delimiter: str) -> str:
    """The same text, with 1 and 0 for cells that are true and false."""
    around = rf'[^\n"{delimiter}]'
    for word, number in _BOOLEANS.items():
        # Most tables have none, and to look for a word is much faster than to look for a pattern.
        if word in text or word.capitalize() in text or word.upper() in text:
            pattern = rf"(?<!{around}){word}(?!{around})"
            text = re.sub(pattern, str(int(number)), text, flags=re.IGNORECASE)
    return text


def number(cell: str, place: Place) -> float:
    """Raises DatasetError."""
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if not text:
        raise DatasetError("a number", "an empty cell", place)
    hint = "Decimals are written with a point." if _COMMA_FOR_A_POINT.fullmatch(text) else ""
    raise TextError("a number", quoted(text), place, hint=hint)
