"""A table as a JSON object: column → values, or column → {index: value} as pandas writes it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nnt_datasets.dataset import Dataset, Keys
from nnt_datasets.disk import Disk
from nnt_datasets.errors import DatasetError, Place, TextError, listed, quoted
from nnt_datasets.formats.whole import read_whole
from nnt_datasets.table import (
    Block,
    Heading,
    assemble,
    blocks_of_columns,
    heading,
    label_error,
)

_STRING_OR_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_DIMENSIONS = 16
_LAYOUT = "an object of columns, each a list of values"


def read(path: Path, keys: Keys, disk: Disk) -> Dataset:
    """Raises DatasetError. The file is in memory whole, as Python objects: `whole_bytes` bounds it."""
    columns = _columns(_parsed(_text(read_whole(path, disk.limits.whole_bytes))))
    head = heading(list(columns), keys.label_column)
    values = _values(columns, head)
    return assemble("json", head, _blocks(values, head), disk)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError("text in UTF-8", f"what is none: {error.reason}") from error


def _parsed(text: str) -> Any:
    try:
        try:
            return json.loads(text, object_pairs_hook=_once_each)
        except json.JSONDecodeError:
            # People write a comma after the last value, as Python lets them.
            text = _STRING_OR_LAST_COMMA.sub(r"\1", text)
            return json.loads(text, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        raise DatasetError(
            "JSON", f"what is none: {error.msg}", Place(line=error.lineno)
        ) from error
    except (RecursionError, ValueError) as error:
        raise DatasetError("JSON", f"what is none: {error}") from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = dict(pairs)
    if len(names) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = [name for name, count in counts.items() if count > 1]
        raise DatasetError("every name in an object once", f"{listed(twice)} more than once")
    return names


def _columns(parsed: Any) -> dict[str, list[Any]]:
    if isinstance(parsed, list):
        raise DatasetError(
            _LAYOUT, "a list", hint="pandas writes columns with DataFrame.to_json(path)."
        )
    if not isinstance(parsed, dict):
        raise DatasetError(_LAYOUT, _kind(parsed))
    for name, values in parsed.items():
        if not isinstance(values, list | dict):
            raise DatasetError("a list of values", _kind(values), Place(column=name))
    return _by_index({name.strip(): values for name, values in parsed.items()})


def _by_index(columns: Mapping[str, list[Any] | dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows in the order of the first column that has an index."""
    index = next((list(values) for values in columns.values() if isinstance(values, dict)), None)
    if index is None:
        return {name: list(values) for name, values in columns.items()}
    lists = {}
    for name, values in columns.items():
        if not isinstance(values, dict) or values.keys() != set(index):
            received = "another one" if isinstance(values, dict) else "a list"
            raise DatasetError("the same index in every column", received, Place(column=name))
        lists[name] = [values[row] for row in index]
    return lists


def _values(columns: Mapping[str, list[Any]], head: Heading) -> list[np.ndarray]:
    rows = len(columns[head.label_column])
    try:
        for name, values in columns.items():
            if len(values) != rows:
                raise DatasetError(
                    f"{rows} values, as many as {quoted(head.label_column)} has",
                    str(len(values)),
                    Place(column=name),
                )
        return [_array(values, name) for name, values in columns.items()]
    except DatasetError as error:
        raise label_error(error, head.label_column) from error


def _array(values: list[Any], column: str) -> np.ndarray:
    """float64, of as many dimensions as lists are in each other."""
    shape: tuple[int, ...] = (len(values),)
    while values and isinstance(values[0], list) and len(shape) < _DIMENSIONS:
        size = len(values[0])
        if not size:
            raise DatasetError("values", "an empty list", Place(row=1, column=column))
        for number, inner in enumerate(values):
            if not isinstance(inner, list) or len(inner) != size:
                row = number * shape[0] // len(values) + 1
                raise DatasetError(
                    f"a list of {size}, as in the first row",
                    f"a list of {len(inner)}" if isinstance(inner, list) else _kind(inner),
                    Place(row=row, column=column),
                )
        shape = (*shape, size)
        values = list(chain.from_iterable(values))
    for number, value in enumerate(values):
        if not isinstance(value, int | float):
            place = Place(row=number * shape[0] // len(values) + 1, column=column)
            error = TextError if isinstance(value, str) else DatasetError
            raise error("a number", _kind(value), place)
    try:
        return np.array(values, np.float64).reshape(shape)
    except OverflowError as error:
        raise DatasetError(
            "numbers that float64 can hold", "a larger one", Place(column=column)
        ) from error


def _blocks(values: list[np.ndarray], head: Heading) -> Iterator[Block]:
    if all(column.ndim == 1 for column in values):
        yield from blocks_of_columns(values, head)
        return
    features = [column for index, column in enumerate(values) if index != head.label]
    if len(features) > 1 and any(column.ndim > 1 for column in features):
        nested = [name for name, one in zip(head.features, features, strict=True) if one.ndim > 1]
        raise DatasetError(
            "one column of lists, or columns of numbers",
            f"{listed(head.features)}, of which {listed(nested)} hold lists",
        )
    together = features[0] if len(features) == 1 else np.column_stack(features)
    if len(together):
        yield Block(together, values[head.label], lambda row: Place(row=row + 1))


def _kind(value: Any) -> str:
    if value is None:
        return "null, a missing value"
    if isinstance(value, str):
        return quoted(value)
    names = {dict: "an object", list: "a list", bool: "true or false"}
    return names.get(type(value), f"the number {value!r}"[:60])
