"""Whether the parts of one simulation's data mean the same by their columns and indices."""

from collections.abc import Sequence

from nnt_contract.part import Part
from nnt_datasets.dataset import Dataset
from nnt_datasets.errors import DatasetError, Place, listed, quoted

_OF_TRAINING = "as in the training data"


def check_agreement(train: Dataset, other: Dataset, part: Part, file: str = "") -> None:
    """Raises DatasetError for what would be trained on as one thing and tested as another.

    Other names alone are no error: formats name the same columns differently.
    """
    if set(train.columns) == set(other.columns) and train.columns != other.columns:
        at = _first_difference(train.columns, other.columns)
        raise DatasetError(
            f"column {quoted(train.columns[at])} as feature {at + 1}, {_OF_TRAINING}",
            f"{quoted(other.columns[at])}",
            part=part,
            file=file,
        )
    for column in train.nominal.keys() & other.nominal.keys():
        ours, theirs = train.nominal[column], other.nominal[column]
        shared = min(len(ours), len(theirs))
        if ours[:shared] != theirs[:shared]:
            raise DatasetError(
                f"the values {listed(ours)}, in this order, {_OF_TRAINING}",
                listed(theirs),
                Place(column=column),
                part=part,
                file=file,
            )


def _first_difference(ours: Sequence[str], theirs: Sequence[str]) -> int:
    pairs = zip(ours, theirs, strict=True)
    return next(at for at, (one, other) in enumerate(pairs) if one != other)
