"""A table becomes features and labels: one column is the labels, the others are features, in their order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnt_datasets.dataset import Dataset, Format, Strange
from nnt_datasets.disk import VALUES_AT_ONCE, Disk, GrowingArray, row_blocks
from nnt_datasets.errors import DatasetError, Place, TextError, listed, quoted

_NUMBER_THE_CLASSES = (
    "Classes that have names are numbered first, from 0 and in the same way in every file."
)
_WHOLE_UP_TO = 2.0**53


class Heading(NamedTuple):
    names: tuple[str, ...]
    label: int  # which of them

    @property
    def features(self) -> tuple[str, ...]:
        return self.names[: self.label] + self.names[self.label + 1 :]

    @property
    def label_column(self) -> str:
        return self.names[self.label]


class Block(NamedTuple):
    """Some rows: float64, rows first."""

    features: np.ndarray
    labels: np.ndarray
    place: Callable[[int], Place]  # of a row, counted from 0


def heading(names: Sequence[str], label_column: str) -> Heading:
    """Checks the names of the columns; raises DatasetError."""
    for number, name in enumerate(names, 1):
        if not name:
            raise DatasetError(
                "a name for every column",
                f"none for column {number}",
                hint="pandas writes its index without a name; index=False leaves it out.",
            )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DatasetError("every name of a column once", f"{listed(twice)} more than once")
    wanted = label_column.strip()
    if wanted not in names:
        asked = f"a label column named {quoted(wanted)}" if wanted else "the name of a label column"
        raise DatasetError(asked, f"a table with the columns {listed(names)}")
    if len(names) == 1:
        raise DatasetError("columns of features", f"only the label column {quoted(wanted)}")
    return Heading(tuple(names), names.index(wanted))


def block(values: np.ndarray, head: Heading, place: Callable[[int], Place]) -> Block:
    """Of float64 (rows, all columns)."""
    return Block(np.delete(values, head.label, axis=1), values[:, head.label], place)


def blocks_of_lines(
    lines: Iterable[tuple[int, Sequence[float] | np.ndarray]], head: Heading
) -> Iterator[Block]:
    """Numbered lines as blocks, none of which is too large for memory, however wide they are."""
    numbers: list[int] = []
    rows: list[np.ndarray] = []
    for number, row in lines:
        numbers.append(number)
        rows.append(np.array(row, np.float64))
        if len(rows) * len(row) >= VALUES_AT_ONCE:
            yield _at_lines(rows, numbers, head)
            numbers, rows = [], []
    if rows:
        yield _at_lines(rows, numbers, head)


def _at_lines(rows: list[np.ndarray], numbers: list[int], head: Heading) -> Block:
    return block(np.array(rows), head, lambda row: Place(line=numbers[row]))


def blocks_of_columns(columns: Sequence[np.ndarray], head: Heading) -> Iterator[Block]:
    """Columns of the same length as blocks of rows, counted from 1."""
    rows = max(1, VALUES_AT_ONCE // len(columns))
    for first in range(0, len(columns[0]), rows):
        values = np.column_stack([column[first : first + rows] for column in columns])
        yield block(values.astype(np.float64), head, _rows_from(first))


def _rows_from(first: int) -> Callable[[int], Place]:
    return lambda row: Place(row=first + row + 1)


def assemble(
    format: Format,
    head: Heading,
    blocks: Iterable[Block],
    disk: Disk,
    nominal: Mapping[str, tuple[str, ...]] | None = None,
) -> Dataset:
    """Needs memory for one block at a time; raises DatasetError."""
    features: GrowingArray | None = None
    labels: GrowingArray | None = None
    strange, are_whole = None, True
    for one in blocks:
        _check_labels(one, head)
        with np.errstate(over="ignore"):
            kept = one.features.astype(np.float32)
        strange = _strange(strange, kept, one, head)
        features = features or disk.array(kept.shape[1:], np.float32)
        labels = labels or disk.array(one.labels.shape[1:], np.float64)
        features.append(kept)
        labels.append(one.labels)
        are_whole = are_whole and is_whole(one.labels)
    if not features or not labels:
        raise DatasetError("at least one row", "a table without any")
    return Dataset(
        format,
        features.mapped(),
        _settled(labels.mapped(), np.int64 if are_whole else np.float32, disk),
        head.features,
        nominal or {},
        head.label_column,
        strange,
    )


def is_whole(values: np.ndarray) -> bool:
    """Whether int64 can hold every value as it is; they are finite."""
    return bool(np.all((values == np.rint(values)) & (np.abs(values) <= _WHOLE_UP_TO)))


def label_error(error: DatasetError, label_column: str) -> DatasetError:
    """The same, with a hint where a class has a name instead of a number."""
    is_name = isinstance(error, TextError) and not error.hint
    if not is_name or error.place.column != label_column.strip():
        return error
    return DatasetError(error.expected, error.received, error.place, hint=_NUMBER_THE_CLASSES)


def _check_labels(one: Block, head: Heading) -> None:
    with np.errstate(over="ignore"):
        wrong = np.argwhere(~np.isfinite(one.labels.astype(np.float32)))
    if wrong.size:
        first = tuple(wrong[0])
        place = replace(one.place(int(first[0])), column=head.label_column)
        raise DatasetError("a finite number as label", str(one.labels[first]), place)


def _strange(known: Strange | None, kept: np.ndarray, one: Block, head: Heading) -> Strange | None:
    finite = np.isfinite(kept)
    if finite.all():
        return known
    count = int(finite.size - np.count_nonzero(finite))
    if known:
        return Strange(known.count + count, known.first)
    row, column = (int(index) for index in np.argwhere(~finite)[0][:2])
    name = head.features[column if kept.ndim == 2 else 0]
    return Strange(count, replace(one.place(row), column=name))


def _settled(labels: np.ndarray, dtype: "np.typing.DTypeLike", disk: Disk) -> np.ndarray:
    settled = disk.array(labels.shape[1:], dtype)
    for _, rows in row_blocks(labels):
        settled.append(rows)
    return settled.mapped()
