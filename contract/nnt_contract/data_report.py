"""What the inspection of an experiment's data has found, part by part and between them."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from nnt_contract.message import Message
from nnt_contract.part import Part

Shape = Annotated[tuple[PositiveInt, ...], Field(strict=False)]  # of one row
_Names = Annotated[tuple[str, ...], Field(strict=False)]  # short, without what a page would obey
_Pair = Annotated[tuple[str, str], Field(strict=False)]
_MAX_CLASSES = 1000


class Place(Message):
    """Where in a file: the line as an editor counts it, or the row, counted from 1."""

    line: PositiveInt | None = None
    row: PositiveInt | None = None
    column: str | None = None
    array: str | None = None  # of an .npz file


class ClassCount(Message):
    value: int  # -1 of signed ones; of vectors the place of its 1
    name: str = ""  # empty: it has only a number
    rows: NonNegativeInt


class LabelReport(Message):
    """The rows of each class; of real targets minimum, maximum and mean, and are they whole.

    Binary labels are 0 and 1, signed ones -1 and 1. A one-hot vector has one 1 and otherwise 0, a multi-label one as
    many as it has classes.
    """

    kind: Literal["binary", "signed binary", "class numbers", "one-hot", "multi-label", "real"]
    shape: Shape  # () is one number
    class_count: NonNegativeInt  # those that no row of this part has included
    # All of them, or where they are too many those that occur.
    classes: tuple[ClassCount, ...] = Field(strict=False, max_length=_MAX_CLASSES)
    minimum: float | None
    maximum: float | None
    mean: float | None
    are_whole: bool | None = None  # None of reports that were made before it was asked


class FeatureReport(Message):
    """Columns that tell nothing: counts, and the names of the first of them."""

    constant_count: NonNegativeInt
    constant: _Names
    duplicate_count: NonNegativeInt
    duplicate: tuple[_Pair, ...] = Field(strict=False)  # a column, and an earlier one like it


class PartReport(Message):
    format: Literal["npz", "csv", "arff", "json", "pickle", "zipped pickle"]
    rows: PositiveInt
    feature_shape: Shape
    columns: _Names  # of a table's features, at most a thousand
    label_column: str  # of a table
    labels: LabelReport
    features: FeatureReport
    not_finite: NonNegativeInt  # values of features that are NaN or infinite
    first_not_finite: Place | None


class Leak(Message):
    """Rows of `part` whose features also occur in `other`."""

    part: Part
    other: Part
    rows: PositiveInt
    of: PositiveInt  # rows that `part` has
    examples: tuple[PositiveInt, ...] = Field(strict=False)


class DataReport(Message):
    """What data are like that can be trained on."""

    parts: dict[Part, PartReport]
    leaks: tuple[Leak, ...] = Field(strict=False)
    problems: _Names  # all that is worth a word, in sentences for their owner
