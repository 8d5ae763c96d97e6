"""What is wrong with a dataset, in words that its owner understands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nnt_contract.part import named
from nnt_contract.printable import shown


@dataclass(frozen=True)
class Place:
    """Where in a file: the line as an editor counts it (csv, arff), or the row, counted from 1 (the others)."""

    line: int | None = None
    row: int | None = None
    column: str | None = None
    array: str | None = None  # of an .npz file

    def shown(self) -> "Place":
        """With names as they are shown in a message."""
        return replace(
            self,
            column=None if self.column is None else shown(self.column),
            array=None if self.array is None else shown(self.array),
        )

    def __str__(self) -> str:
        there = [
            f"line {self.line}" if self.line is not None else "",
            f"row {self.row}" if self.row is not None else "",
            f"column {quoted(self.column)}" if self.column is not None else "",
            f"array {quoted(self.array)}" if self.array is not None else "",
        ]
        return ", ".join(filter(None, there))


class DatasetError(Exception):
    """One thing that is wrong, in one file; its text is one sentence, and one more where there is a hint."""

    def __init__(
        self,
        expected: str,
        received: str,
        place: Place = Place(),
        *,
        hint: str = "",
        part: str = "",
        file: str = "",  # what its owner calls it
    ) -> None:
        super().__init__(expected, received, place)
        self.expected, self.received, self.place = expected, received, place
        self.hint, self.part, self.file = hint, part, file

    def of(self, part: str, file: str) -> "DatasetError":
        return DatasetError(
            self.expected, self.received, self.place, hint=self.hint, part=part, file=file
        )

    def as_json(self) -> dict[str, Any]:
        told = ("part", "file", "expected", "received", "hint")
        return {
            **{name: getattr(self, name) for name in told},
            **asdict(self.place),
            "text": str(self),
        }

    def __str__(self) -> str:
        where = ", ".join(filter(None, (file_text(self.part, self.file), str(self.place))))
        sentence = f"expected {self.expected}, received {self.received}."
        told = f"{where}: {sentence}" if where else sentence[0].upper() + sentence[1:]
        return f"{told} {self.hint}" if self.hint else told


class TextError(DatasetError):
    """Text where a number belongs."""


def file_text(part: str, file: str = "") -> str:
    """`Training data (cats.csv)`"""
    return named(part, file) if part else shown(file)


def quoted(text: str) -> str:
    """The text as it is shown in a message: short, and without what a terminal or a page would obey."""
    return repr(shown(text))


def listed(names: Sequence[str], at_most: int = 20) -> str:
    told = ", ".join(map(quoted, names[:at_most])) or "nothing"
    return f"{told} and {len(names) - at_most} more" if len(names) > at_most else told
