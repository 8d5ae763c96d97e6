"""What is worth a word about a dataset and prevents no training, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from nnt_contract.part import Part
from nnt_datasets.errors import file_text, listed, quoted
from nnt_datasets.labels import LabelFindings
from nnt_datasets.leakage import Leak
from nnt_datasets.report import PartReport

_NAMED = 5


def sentences(parts: Mapping[Part, PartReport], leaked: Sequence[Leak]) -> Iterator[str]:
    """What a training would be deceived by comes first."""
    yield from map(_leak, leaked)
    for part, report in parts.items():
        yield from (f"{file_text(part)}{problem}" for problem in _of_part(report))
        if part != "train" and "train" in parts:
            compared = _compared(parts["train"], report)
            yield from (f"{file_text(part)}: {problem}" for problem in compared)


def _of_part(report: PartReport) -> Iterator[str]:
    if report.not_finite:
        values = report.rows * prod(report.feature_shape)
        yield (
            f", {report.first_not_finite}: expected finite numbers, received NaN or an infinite one,"
            f" as {report.not_finite} of {values} values of the features are; they are used as they are."
        )
    found = report.features
    if found.constant_count:
        named = ", ".join(map(quoted, found.constant[:_NAMED]))
        more = ", …" if found.constant_count > _NAMED else ""
        have = _columns(found.constant_count, "has", "have")
        yield f": {have} the same value in every row: {named}{more}."
    if found.duplicate_count:
        pairs = [f"{quoted(one)} as {quoted(two)}" for one, two in found.duplicate[:_NAMED]]
        more = ", …" if found.duplicate_count > _NAMED else ""
        repeat = _columns(found.duplicate_count, "repeats", "repeat")
        yield f": {repeat} another one: {', '.join(pairs)}{more}."
    has_one_each = report.labels.kind != "multi-label"
    if has_one_each and len(present := _present(report.labels)) == 1:
        yield f": every row has the same label, {next(iter(present.values()))}."


def _compared(train: PartReport, other: PartReport) -> Iterator[str]:
    ours, theirs = prod(train.feature_shape), prod(other.feature_shape)
    if ours != theirs:
        yield f"its rows have {theirs} values of features, those of the training data {ours}."
    elif train.columns and other.columns and set(train.columns) != set(other.columns):
        unknown = [name for name in other.columns if name not in set(train.columns)]
        yield f"the training data have no columns {listed(unknown, _NAMED)}; columns are taken in their order."
    known, present = _present(train.labels), _present(other.labels)
    if (
        known
        and present
        and (unseen := [present[value] for value in present.keys() - known.keys()])
    ):
        yield f"no row of the training data has the label {listed(sorted(unseen), _NAMED)}."


def _present(labels: LabelFindings) -> dict[int, str]:
    return {one.value: one.name or str(one.value) for one in labels.classes if one.rows}


def _columns(count: int, one: str, more: str) -> str:
    return f"1 column {one}" if count == 1 else f"{count} columns {more}"


def _leak(leak: Leak) -> str:
    other = file_text(leak.other).lower()
    rows = ", ".join(map(str, leak.examples)) + (", …" if leak.rows > len(leak.examples) else "")
    return (
        f"{file_text(leak.part)}: {leak.rows} of {leak.of} rows have the same features as a row of the"
        f" {other} ({'row' if leak.rows == 1 else 'rows'} {rows})."
    )
