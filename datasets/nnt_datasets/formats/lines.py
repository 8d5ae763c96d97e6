"""Lines of a text file, singly at its beginning and in blocks after it, which know where they were."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from nnt_datasets.errors import DatasetError, Place

_BLOCK_CHARACTERS = 2**22
_LINE_CHARACTERS = 2**24


class TextBlock(NamedTuple):
    text: str  # whole lines
    first_line: int

    def rows(self) -> Iterator[tuple[int, str]]:
        """The number and text of each line that is not blank."""
        for number, line in enumerate(self.text.split("\n"), self.first_line):
            if line.strip(" "):
                yield number, line

    def place(self, row: int) -> Place:
        """Of a row, counted from 0 without blank lines."""
        return Place(line=next(islice(self.rows(), row, None))[0])


class Lines(Iterator[str]):
    """Counts from 1, as editors do; ends of lines are \\n whatever they were in the file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0  # of the line that was read last

    def __next__(self) -> str:
        line = self._file.readline(_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self._check_end(line, self.number + 1)
        self.number += 1
        return line

    def blocks(self) -> Iterator[TextBlock]:
        """The rest of the file."""
        while text := self._file.read(_BLOCK_CHARACTERS):
            if not text.endswith("\n"):
                rest = self._file.readline(_LINE_CHARACTERS)
                self._check_end(rest, self.number + text.count("\n") + 1)
                text += rest
            yield TextBlock(text, self.number + 1)
            self.number += text.count("\n")

    def _check_end(self, line: str, number: int) -> None:
        if len(line) == _LINE_CHARACTERS and not line.endswith("\n"):
            raise DatasetError(
                f"lines of at most {_LINE_CHARACTERS:,} characters",
                "a longer one",
                Place(line=number),
            )


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """Text in UTF-8; other bytes are kept for `readable`."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        yield Lines(file)


def readable(text: str) -> str:
    """A name in a file that is not in UTF-8 is in Latin-1, as far as can be known."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return text
