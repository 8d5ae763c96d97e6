"""The columns of a DataFrame from its description in a pickle, as pandas 1, 2 and 3 write it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnt_contract.printable import shown
from nnt_datasets.errors import DatasetError, Place, TextError, quoted
from nnt_datasets.pickles import arrays
from nnt_datasets.pickles.program import Made, Named, class_of
from nnt_datasets.pickles.texts import categories_and_codes, labels_of

_COLUMNS = 10**6
_TITLES = (str, int, float, type(None))
_NO_NUMBERS = {"M": "dates", "m": "durations", "c": "complex ones"}
_NO_NUMBERS_OF_PANDAS = {
    "DatetimeArray": "dates",
    "TimedeltaArray": "durations",
    "PeriodArray": "dates",
    "IntervalArray": "intervals",
    "SparseArray": "a sparse column",
}
_FRAME = "a DataFrame as DataFrame.to_pickle writes it"
# What another layout than pandas' own leads to; also one that holds itself.
_STRANGE = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
    RecursionError,
)


class Column(NamedTuple):
    name: str
    values: np.ndarray  # numbers, one per row
    categories: tuple[str, ...]  # of which they are indices; none of numbers


def columns(described: Any) -> list[Column]:
    """In the order of the frame; raises DatasetError."""
    if class_of(described) != "DataFrame":
        raise DatasetError(_FRAME, f"a pickle of {_what(described)}")
    try:
        return _columns(*_axes_and_blocks(_manager(described)))
    except _STRANGE as error:
        raise DatasetError(_FRAME, f"one that cannot be read: {shown(str(error))}") from error


def _what(described: Any) -> str:
    if arrays.is_array(described):
        return "a NumPy array"
    return class_of(described) or type(described).__name__


def _manager(frame: Made) -> Made:
    state = frame.state
    manager = state.get("_mgr", state.get("_data"))
    if not isinstance(manager, Made):
        raise ValueError("it has no blocks")
    return manager


def _axes_and_blocks(manager: Made) -> "tuple[Any, list[tuple[Any, Any]]]":
    """The index of the columns; values and positions of each block."""
    if manager.state is None:  # since pandas 1.3
        blocks, (names, *_) = manager.arguments
        return names, [(block.arguments[0], block.arguments[1]) for block in blocks]
    state = manager.state[3]["0.14.1"]
    return state["axes"][0], [(block["values"], block["mgr_locs"]) for block in state["blocks"]]


def _columns(names: Any, blocks: Sequence[tuple[Any, Any]]) -> list[Column]:
    if names.arguments[0].name == "MultiIndex":
        raise DatasetError("columns with one name each", "columns with names of several levels")
    labels = labels_of(names)
    if not all(isinstance(label, _TITLES) for label in labels):
        raise DatasetError(
            "columns with one name each", "columns named by what is no text or number"
        )
    titles = [str(label).strip() for label in labels]
    found: dict[int, Column] = {}
    for values, positions in blocks:
        at = _positions(positions)
        for position, column in zip(at, _block(values, [titles[p] for p in at]), strict=True):
            found[position] = column
    if sorted(found) != list(range(len(titles))):
        raise ValueError("columns without values")
    return [found[position] for position in range(len(titles))]


def _positions(described: Any) -> list[int]:
    if class_of(described) == "slice":
        start, stop, step = described.arguments
        return list(range(_COLUMNS)[start:stop:step])
    positions = arrays.array(described)
    return [int(position) for position in positions]


def _block(values: Any, titles: Sequence[str]) -> Iterator[Column]:
    if not titles:
        raise ValueError("a block of no columns")
    if not arrays.is_array(values):
        [title] = titles
        yield _extension(values, title)
        return
    dtype = values.arguments[1] if values.maker.name == "_frombuffer" else values.state[2]
    kind = arrays.kind_of(dtype)
    if kind[0] in _NO_NUMBERS:
        raise DatasetError("numbers", _NO_NUMBERS[kind[0]], Place(column=titles[0]))
    numbers = arrays.array(values)
    rows = len(numbers) // len(titles)
    for at, title in enumerate(titles):
        if isinstance(numbers, list):
            yield Column(title, _objects(numbers[at * rows : (at + 1) * rows], title), ())
        else:
            yield Column(title, numbers.reshape(len(titles), -1)[at], ())


def _objects(values: list[Any], title: str) -> np.ndarray:
    numbers = [_number(value, Place(row=row, column=title)) for row, value in enumerate(values, 1)]
    return np.array(numbers, np.float64)


def _number(value: Any, place: Place) -> float:
    if isinstance(value, int | float):
        return float(value)
    if class_of(value) == "scalar":
        return arrays.scalar(value)
    if value is None or isinstance(value, Named):  # pandas.NA
        raise DatasetError("a number", "a missing value", place)
    if isinstance(value, str):
        raise TextError("a number", quoted(value), place)
    raise DatasetError("a number", _what(value), place)


def _extension(described: Made, title: str) -> Column:
    place = Place(column=title)
    kind = class_of(described)
    if kind == "Categorical":
        return _categorical(described, title)
    if kind in ("IntegerArray", "FloatingArray", "BooleanArray"):
        data, mask = (arrays.array(described.state[name]) for name in ("_data", "_mask"))
        _check_present(np.asarray(mask, bool), place)
        return Column(title, np.asarray(data), ())
    if "String" in kind:
        raise TextError("numbers", "texts", place)
    raise DatasetError(
        "numbers", _NO_NUMBERS_OF_PANDAS.get(kind, f"values of the kind {kind}"), place
    )


def _categorical(described: Made, title: str) -> Column:
    """Categories that are numbers stand for themselves, others for their index."""
    place = Place(column=title)
    try:
        categories, indices = categories_and_codes(described.state)
    except ValueError as error:
        raise DatasetError(
            "categories that are texts, numbers or intervals of numbers", str(error), place
        ) from error
    _check_present(indices < 0, place)
    if categories and all(isinstance(category, int | float) for category in categories):
        return Column(title, np.array(categories, np.float64)[indices], ())
    return Column(title, indices, tuple(str(category) for category in categories))


def _check_present(is_missing: np.ndarray, place: Place) -> None:
    if is_missing.any():
        row = int(np.argmax(is_missing)) + 1
        raise DatasetError("a number", "a missing value", Place(row=row, column=place.column))
