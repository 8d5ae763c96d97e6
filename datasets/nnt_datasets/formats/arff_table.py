"""A table with declared attributes: numeric ones, and nominal ones, of which the index of a value is taken."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import arff
import numpy as np

from nnt_contract.printable import shown
from nnt_datasets.dataset import Dataset, Keys
from nnt_datasets.disk import Disk
from nnt_datasets.errors import DatasetError, Place, listed, quoted
from nnt_datasets.formats import cells, lines
from nnt_datasets.formats.lines import Lines
from nnt_datasets.table import Block, Heading, assemble, block, blocks_of_lines, heading

_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{}},%'\"]+)\s*(.*)", re.IGNORECASE)
_VALUE = re.compile(rf"\s*({_QUOTED}|[^\s{{}},%'\"]+)\s*(?:,|$)")
_ESCAPED = re.compile(r"\\(.)")
_NUMERIC = ("NUMERIC", "REAL", "INTEGER")
_QUOTE = "'"


class _Attribute(NamedTuple):
    name: str
    values: tuple[str, ...]  # of a nominal one; none of a numeric one


def read(path: Path, keys: Keys, disk: Disk) -> Dataset:
    """Raises DatasetError. Takes memory for a few blocks of 4 MiB of text, whatever the size of the file."""
    with lines.opened(path) as content:
        attributes = list(_attributes(content))
        head = heading([attribute.name for attribute in attributes], keys.label_column)
        nominal = {one.name: one.values for one in attributes if one.values}
        return assemble("arff", head, _blocks(content, attributes, head), disk, nominal)


def _attributes(content: Lines) -> Iterator[_Attribute]:
    """Reads up to the data."""
    for line in content:
        text = lines.readable(line).strip()
        keyword = text.partition(" ")[0].partition("\t")[0].lower()
        if keyword == "@data":
            return
        if keyword == "@attribute":
            yield _attribute(text, Place(line=content.number))
        elif text and not text.startswith("%") and keyword != "@relation":
            raise DatasetError(
                "@relation, @attribute or @data", quoted(text), Place(line=content.number)
            )
    raise DatasetError("a line @data before the rows", "an .arff file without one")


def _attribute(line: str, place: Place) -> _Attribute:
    match = _ATTRIBUTE.fullmatch(line)
    if not match:
        raise DatasetError("@attribute, a name and a type", quoted(line), place)
    name, kind = _unquoted(match[1]).strip(), match[2].strip()
    place = Place(line=place.line, column=name)
    if kind.startswith("{"):
        return _Attribute(name, _nominal_values(kind, place))
    if kind.upper() not in _NUMERIC:
        raise DatasetError(
            "a numeric attribute, or a nominal one with its values in braces",
            f"one of the type {shown(kind)}" if kind else "one without a type",
            place,
        )
    return _Attribute(name, ())


def _nominal_values(declared: str, place: Place) -> tuple[str, ...]:
    inside, at, values = declared[1:-1].rstrip(), 0, []
    while match := _VALUE.match(inside, at):
        values.append(_unquoted(match[1]))
        at = match.end()
    if not declared.endswith("}") or at != len(inside) or not values:
        raise DatasetError(
            "values in braces, between commas, in quotes where they hold blanks",
            quoted(declared),
            place,
        )
    if len(set(values)) < len(values):
        twice = [value for value, count in Counter(values).items() if count > 1]
        raise DatasetError("every value once", f"{listed(twice)} more than once", place)
    return tuple(values)


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text[:1] in ("'", '"') else text


def _blocks(content: Lines, attributes: Sequence[_Attribute], head: Heading) -> Iterator[Block]:
    nominal: dict[int | str, cells.Conversion] = {
        column: _indices(attribute).__getitem__
        for column, attribute in enumerate(attributes)
        if attribute.values
    }
    for text in content.blocks():
        # An escape is understood by liac-arff only.
        is_plain = "\\" not in text.text
        values = is_plain and cells.numbers(text.text, len(attributes), ",", _QUOTE, nominal)
        if isinstance(values, np.ndarray):
            yield block(values, head, text.place)
        else:
            yield from blocks_of_lines(_rows(text.rows(), attributes), head)


def _indices(attribute: _Attribute) -> dict[str, float]:
    return {value: float(index) for index, value in enumerate(attribute.values)}


def _rows(
    rows: Iterator[tuple[int, str]], attributes: Sequence[_Attribute]
) -> Iterator[tuple[int, np.ndarray]]:
    """Quotes, escapes and sparse rows, as liac-arff understands them."""
    indices = [_indices(attribute) for attribute in attributes]
    for number, line in rows:
        text = lines.readable(line).strip()
        if text.startswith("%"):
            continue
        row = np.zeros(len(attributes))  # what a sparse row does not say is 0
        for column, value in _split(text, len(attributes), number).items():
            place = Place(line=number, column=attributes[column].name)
            row[column] = _value(attributes[column], indices[column], value, place)
        yield number, row


def _split(text: str, columns: int, number: int) -> Mapping[int, str | None]:
    """The values by their columns; None for a missing one."""
    as_they_are = [_same] * columns
    try:
        if text.startswith("{"):
            sparse: dict[int, str | None]
            [sparse] = arff.LODGeneratorData().decode_rows([text], as_they_are)
            return sparse
        [dense] = arff.DenseGeneratorData().decode_rows([text], as_they_are)
        return dict(enumerate(dense))
    except arff.BadDataFormat as error:
        raise DatasetError(
            f"{columns} values, one per attribute", quoted(text), Place(line=number)
        ) from error
    except (arff.ArffException, ValueError) as error:
        raise DatasetError(
            "values between commas, or a sparse row in braces", quoted(text), Place(line=number)
        ) from error


def _same(value: str | None) -> str | None:
    return value


def _value(
    attribute: _Attribute, indices: Mapping[str, float], value: str | None, place: Place
) -> float:
    if value is None:
        raise DatasetError(_expected(attribute), "a missing value", place)
    if not attribute.values:
        return cells.number(value, place)
    if value not in indices:
        raise DatasetError(_expected(attribute), quoted(value), place)
    return indices[value]


def _expected(attribute: _Attribute) -> str:
    return f"one of {listed(attribute.values)}" if attribute.values else "a number"
