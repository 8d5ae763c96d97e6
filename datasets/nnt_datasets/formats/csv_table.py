"""A table as text: cells separated by commas, semicolons or tabs, the first line with their names."""

import csv
from collections.abc import Iterator
from pathlib import Path

from nnt_contract.printable import shown
from nnt_datasets.dataset import Dataset, Keys
from nnt_datasets.disk import Disk
from nnt_datasets.errors import DatasetError, Place
from nnt_datasets.formats import cells, lines
from nnt_datasets.formats.lines import Lines
from nnt_datasets.table import (
    Block,
    Heading,
    assemble,
    block,
    blocks_of_lines,
    heading,
    label_error,
)

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_QUOTE = '"'


def read(path: Path, keys: Keys, disk: Disk) -> Dataset:
    """Raises DatasetError. Takes memory for a few blocks of 4 MiB of text, whatever the size of the file."""
    with lines.opened(path) as content:
        head, delimiter = _heading(content, keys.label_column)
        return assemble("csv", head, _blocks(content, head, delimiter), disk)


def _heading(content: Lines, label_column: str) -> tuple[Heading, str]:
    first = next((line for line in content if not line.isspace()), "")
    delimiter = _delimiter(first, label_column)
    try:
        row = next(csv.reader(_from(first, content), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _no_row("names of columns", error, content.number, delimiter) from error
    names = [lines.readable(cell).strip() for cell in row]
    if _are_numbers(names) and names != [str(index) for index in range(len(names))]:
        raise DatasetError(
            "names of columns",
            f"numbers only: {shown(', '.join(names))}",
            Place(line=content.number),
            hint="The first line of a table names its columns.",
        )
    return heading(names, label_column), delimiter


def _delimiter(line: str, label_column: str) -> str:
    """The one that makes the label column a name, then the one that makes the most names; else a comma."""

    def suits(delimiter: str) -> tuple[bool, int]:
        try:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
        except csv.Error:
            return False, 0  # a cell is too long, as a whole line is with what parts nothing
        return label_column.strip() in names, len(names)

    return max(_DELIMITERS, key=suits)


def _from(first: str, rest: Iterator[str]) -> Iterator[str]:
    # Names may hold ends of lines, in quotes.
    yield first
    yield from rest


def _are_numbers(names: list[str]) -> bool:
    try:
        return bool([cells.number(name, Place()) for name in names])
    except DatasetError:
        return False


def _blocks(content: Lines, head: Heading, delimiter: str) -> Iterator[Block]:
    for text in content.blocks():
        plain = cells.without_booleans(text.text, delimiter)
        values = cells.numbers(plain, len(head.names), delimiter, _QUOTE)
        if values is not None:
            yield block(values, head, text.place)
        else:
            rows = ((number, _row(number, line, head, delimiter)) for number, line in text.rows())
            yield from blocks_of_lines(rows, head)


def _row(number: int, line: str, head: Heading, delimiter: str) -> list[float]:
    try:
        row = next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise _no_row("one row per line", error, number, delimiter) from error
    if len(row) != len(head.names):
        raise DatasetError(
            f"{len(head.names)} cells, one per column", f"{len(row)}", Place(line=number)
        )
    try:
        return [
            cells.number(lines.readable(cell), Place(line=number, column=name))
            for name, cell in zip(head.names, row, strict=True)
        ]
    except DatasetError as error:
        raise label_error(error, head.label_column) from error


def _no_row(expected: str, error: csv.Error, line: int, delimiter: str) -> DatasetError:
    return DatasetError(
        expected,
        f"what is none: {error}",
        Place(line=line),
        hint=f"Cells were looked for between {_DELIMITERS[delimiter]}.",
    )
