"""Whether data suit a model and its loss: the shape and the values of labels, that outputs stand for them, batches.

Asked before a launch with what the inspections have found, and by the training with the data themselves.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnt_contract import catalogue
from nnt_contract.catalogue import LossFunction
from nnt_contract.data_report import DataReport, LabelReport
from nnt_contract.model_report import ModelReport
from nnt_contract.part import PARTS, POOLED, Part, named
from nnt_contract.row_shape import RowShape, fits, text, without_last_one
from nnt_contract.simulation_config import Configuration

# The other one of class numbers would compare each row with all labels.
_TAKE_A_COLUMN = ("Circle", "SparseCategoricalCrossentropy")
_TOLERANCE = 1e-5  # of labels that were computed with less precision


@dataclass(frozen=True)
class Labels:
    """Those of one part, without what the loss ignores; None is not known."""

    shape: RowShape  # of one row's
    smallest: float | None
    largest: float | None
    are_whole: bool | None


def problem(
    configuration: Configuration,
    model: ModelReport,
    data: DataReport,
    files: Mapping[Part, str] | None = None,
) -> str:
    """Why a training would fail at labels, folds or batches, for its owner; empty where nothing is known to be wrong.

    `files` are the names that its owner has given them.
    """
    parts = {part: data.parts[part] for part in PARTS if part in data.parts}
    names = {part: named(part, (files or {}).get(part, "")) for part in parts}
    loss = catalogue.loss_function(configuration.loss_function.name)
    ignored = configuration.loss_function.conf.get("ignore_class")
    output = model.output[1:] if model.output else None
    found = [
        label_problem(names[part], reported(one.labels, ignored), output, loss)
        for part, one in parts.items()
        if output is not None
    ]
    if model.input is None:
        found += _features_problems({names[part]: one.feature_shape for part, one in parts.items()})
    rows = {part: one.rows for part, one in parts.items()}
    if configuration.fold:  # whose own parts have rows of several
        pooled = sum(rows.pop(part, 0) for part in POOLED)
        found.append(fold_problem(configuration.fold.count, pooled))
    fixed = model.input[0] if model.input else None
    counted = {names[part]: count for part, count in rows.items()}
    found.append(batch_problem(fixed, configuration.batch_size, counted))
    return next(filter(None, found), "")


def reported(labels: LabelReport, ignored: Any = None) -> Labels:
    """What a report says of labels; `ignored` is the class that the loss ignores."""
    if labels.kind == "one-hot":
        return Labels(labels.shape, 0, 1, True)
    if labels.kind == "multi-label" and ignored is not None:
        return Labels(labels.shape, None, None, True)
    if labels.kind == "multi-label":
        return Labels(labels.shape, 0, int(any(one.rows for one in labels.classes)), True)
    if labels.kind == "real":
        is_known = ignored is None
        return Labels(
            labels.shape,
            labels.minimum if is_known else None,
            labels.maximum if is_known else None,
            labels.are_whole if is_known else None,
        )
    used = [one.value for one in labels.classes if one.rows and one.value != ignored]
    return Labels(labels.shape, min(used, default=None), max(used, default=None), True)


def label_problem(name: str, labels: Labels, output: RowShape, loss: LossFunction) -> str:
    """`name` says whose labels they are, `output` is the shape of the model's output for one row."""
    if wrong := _output_problem(output, loss):
        return wrong
    if loss.labels == "class numbers":
        classes = None if loss.task == "embeddings" else output[-1]
        return _shape_of_numbers_problem(name, labels, output, loss) or _numbers_problem(
            name, labels, classes, loss
        )
    return _shape_problem(name, labels, output, loss) or _range_problem(name, labels, loss)


def _features_problems(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """Of a model that leaves its input open: the training data, which come first, decide about it."""
    expected = next(iter(shapes.values()), ())
    for name, received in shapes.items():
        alike = (expected, (*expected, 1), without_last_one(expected))
        is_table_of_them = len(received) == 1 and received[0] == math.prod(expected)
        if not is_table_of_them and not any(fits(received, shape) for shape in alike):
            yield (
                f"{name}: expected rows of the shape {text(expected)}, as in the training data,"
                f" received {text(received)}."
            )


def fold_problem(count: int, rows: int) -> str:
    return f"{count} folds need at least {count} rows, received {rows}." if count > rows else ""


def batch_problem(fixed: int | None, batch_size: int, rows: Mapping[str, int]) -> str:
    """`fixed` is the only number of rows that the model takes at once, if there is one."""
    if fixed is None:
        return ""
    if fixed != batch_size:
        return (
            f"The model takes batches of {fixed} rows and no others: expected {fixed} as batch size,"
            f" received {batch_size}."
        )
    for name, count in rows.items():
        if count % fixed:
            return (
                f"{name}: expected a multiple of {fixed} rows, as the model takes no smaller batch,"
                f" received {count}."
            )
    return ""


def _output_problem(output: RowShape, loss: LossFunction) -> str:
    if loss.task == "sequences" and len(output) != 2:
        return (
            f"{loss.name} expects a model with an output of the shape (steps, classes) for each row,"
            f" received one of the shape {text(output)}."
        )
    if loss.task == "embeddings" and len(output) != 1:
        return (
            f"{loss.name} expects a model whose output for each row is one vector,"
            f" received one of the shape {text(output)}."
        )
    if loss.task == "classification" and (not output or output[-1] == 1):
        return (
            f"{loss.name} expects a model with an output for each class, received one output."
            " Yes or no needs BinaryCrossentropy."
        )
    return ""


def _shape_of_numbers_problem(
    name: str, labels: Labels, output: RowShape, loss: LossFunction
) -> str:
    expected = tuple(output[:-1])
    if loss.task == "sequences":  # shorter ones end in zeros
        expected = (None,)
    takes_column = loss.name in _TAKE_A_COLUMN and fits(labels.shape, (*expected, 1))
    if fits(labels.shape, expected) or takes_column:
        return ""
    hint = " Labels with one value per class need CategoricalCrossentropy."
    return _wrong_shape(name, labels.shape, expected, loss, hint if len(labels.shape) else "")


def _numbers_problem(name: str, labels: Labels, outputs: int | None, loss: LossFunction) -> str:
    if labels.are_whole is False:
        return f"{name}: {loss.name} expects whole numbers as labels."
    if labels.smallest is not None and labels.smallest < 0:
        return f"{name}: the smallest label is {int(labels.smallest)}, classes count from 0."
    if labels.largest is not None and outputs is not None and labels.largest >= outputs:
        return (
            f"{name}: the largest label is {int(labels.largest)} and the model has {outputs} outputs,"
            f" expected labels from 0 to {outputs - 1}."
        )
    return ""


def _shape_problem(name: str, labels: Labels, output: RowShape, loss: LossFunction) -> str:
    if any(fits(labels.shape, shape) for shape in (tuple(output), without_last_one(output))):
        return ""
    hint = " Class numbers need SparseCategoricalCrossentropy."
    return _wrong_shape(
        name, labels.shape, output, loss, hint if loss.labels == "one per class" else ""
    )


def _range_problem(name: str, labels: Labels, loss: LossFunction) -> str:
    """Outside of it a loss has no least value, and training goes after it."""
    if loss.predictions == "values" or labels.smallest is None or labels.largest is None:
        return ""
    least, most = (0, 1) if loss.predictions == "probabilities" else (-1, 1)
    if labels.smallest >= least - _TOLERANCE and labels.largest <= most + _TOLERANCE:
        return ""
    return (
        f"{name}: {loss.name} expects labels from {least} to {most},"
        f" received labels from {labels.smallest:g} to {labels.largest:g}."
    )


def _wrong_shape(
    name: str, received: RowShape, expected: RowShape, loss: LossFunction, hint: str
) -> str:
    return (
        f"{name}: with this model {loss.name} expects for each row {_labels_text(expected)},"
        f" received {_labels_text(received)}.{hint}"
    )


def _labels_text(shape: RowShape) -> str:
    return f"labels of the shape {text(shape)}" if len(shape) else "one number as label"
