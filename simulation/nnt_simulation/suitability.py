"""Whether data suit a model and its loss: sizes of batches, the shape of labels, that outputs can stand for them."""

from collections.abc import Mapping

import numpy as np

from nnt_contract import catalogue
from nnt_contract.catalogue import LossFunction
from nnt_datasets.shapes import Shape, fits, text, without_last_one
from nnt_simulation.errors import DatasetError

# The other one of class numbers would compare each row with all labels.
_TAKE_A_COLUMN = ("Circle", "SparseCategoricalCrossentropy")
_TOLERANCE = 1e-5  # of labels that were computed with less precision


def check_batches(fixed: int | None, batch_size: int, rows: Mapping[str, int]) -> None:
    """`fixed` is the only number of rows that the model takes at once, if there is one; raises DatasetError."""
    if fixed is None:
        return
    if fixed != batch_size:
        raise DatasetError(
            f"The model takes batches of {fixed} rows and no others: expected {fixed} as batch size,"
            f" received {batch_size}."
        )
    for name, count in rows.items():
        if count % fixed:
            raise DatasetError(
                f"{name}: expected a multiple of {fixed} rows, as the model takes no smaller batch,"
                f" received {count}."
            )


def check_labels(
    name: str, labels: np.ndarray, output: Shape, loss: str, ignored: int | None = None
) -> None:
    """`output` is the shape of the model's output for one row, `loss` the Keras class; raises DatasetError."""
    chosen = catalogue.loss_function(loss)
    _check_output(chosen, output)
    if chosen.labels == "class numbers":
        _check_shape_of_numbers(name, labels, output, chosen)
        classes = None if chosen.task == "embeddings" else output[-1]
        _check_class_numbers(name, labels, classes, chosen, ignored)
        if chosen.task == "sequences":
            _check_lengths(name, labels, output[0])
    else:
        _check_shape(name, labels, output, chosen)
        _check_range(name, labels, chosen)


def _check_output(loss: LossFunction, output: Shape) -> None:
    if loss.task == "sequences" and len(output) != 2:
        raise DatasetError(
            f"{loss.name} expects a model with an output of the shape (steps, classes) for each row,"
            f" received one of the shape {text(output)}."
        )
    if loss.task == "embeddings" and len(output) != 1:
        raise DatasetError(
            f"{loss.name} expects a model whose output for each row is one vector,"
            f" received one of the shape {text(output)}."
        )
    if loss.task == "classification" and output[-1] == 1:
        raise DatasetError(
            f"{loss.name} expects a model with an output for each class, received one output."
            " Yes or no needs BinaryCrossentropy."
        )


def _check_shape_of_numbers(
    name: str, labels: np.ndarray, output: Shape, loss: LossFunction
) -> None:
    received, expected = labels.shape[1:], tuple(output[:-1])
    if loss.task == "sequences":  # shorter ones end in zeros
        expected = (None,)
    takes_column = loss.name in _TAKE_A_COLUMN and fits(received, (*expected, 1))
    if not (fits(received, expected) or takes_column):
        hint = " Labels with one value per class need CategoricalCrossentropy."
        raise _wrong_labels(name, received, expected, loss, hint if len(received) else "")


def _check_class_numbers(
    name: str,
    labels: np.ndarray,
    outputs: int | None,
    loss: LossFunction,
    ignored: int | None,
) -> None:
    used = labels if ignored is None else labels[labels != ignored]
    if not used.size:
        raise DatasetError(f"{name}: every label is {ignored}, which the loss ignores.")
    smallest, largest = used.min(), used.max()
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.rint(labels)):
        raise DatasetError(f"{name}: {loss.name} expects whole numbers as labels.")
    if smallest < 0:
        raise DatasetError(f"{name}: the smallest label is {int(smallest)}, classes count from 0.")
    if outputs is not None and largest >= outputs:
        raise DatasetError(
            f"{name}: the largest label is {int(largest)} and the model has {outputs} outputs,"
            f" expected labels from 0 to {outputs - 1}."
        )


def _check_lengths(name: str, labels: np.ndarray, steps: int | None) -> None:
    longest = int(np.count_nonzero(labels, axis=1).max())
    if steps is not None and longest > steps:
        raise DatasetError(
            f"{name}: a row has {longest} labels and the model's output {steps} steps,"
            " expected at least as many steps as labels."
        )


def _check_shape(name: str, labels: np.ndarray, output: Shape, loss: LossFunction) -> None:
    received = labels.shape[1:]
    if not any(fits(received, shape) for shape in (tuple(output), without_last_one(output))):
        hint = " Class numbers need SparseCategoricalCrossentropy."
        raise _wrong_labels(
            name, received, output, loss, hint if loss.labels == "one per class" else ""
        )


def _check_range(name: str, labels: np.ndarray, loss: LossFunction) -> None:
    """Outside of it a loss has no least value, and training goes after it."""
    if loss.predictions == "values":
        return
    least, most = (0, 1) if loss.predictions == "probabilities" else (-1, 1)
    smallest, largest = labels.min(), labels.max()
    if smallest < least - _TOLERANCE or largest > most + _TOLERANCE:
        raise DatasetError(
            f"{name}: {loss.name} expects labels from {least} to {most},"
            f" received labels from {smallest:g} to {largest:g}."
        )


def _wrong_labels(
    name: str, received: Shape, expected: Shape, loss: LossFunction, hint: str
) -> DatasetError:
    return DatasetError(
        f"{name}: with this model {loss.name} expects for each row {_labels_text(expected)},"
        f" received {_labels_text(received)}.{hint}"
    )


def _labels_text(shape: Shape) -> str:
    return f"labels of the shape {text(shape)}" if len(shape) else "one number as label"
