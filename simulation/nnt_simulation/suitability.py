"""Whether a dataset suits a model and its loss: shapes, and labels that the outputs can stand for."""

from collections.abc import Sequence

import numpy as np

from nnt_simulation.errors import DatasetError

Shape = Sequence[int | None]

_TAKES_CLASS_NUMBERS = "SparseCategoricalCrossentropy"
_TAKES_ONE_OF_MANY = ("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge")
# Their labels are neither class numbers nor shaped like the output: Keras checks them itself.
_OF_THEIR_OWN_KIND = ("CTC", "Circle", "CategoricalGeneralizedCrossEntropy")


def check_features(name: str, received: Shape, expected: Shape) -> None:
    """Both are shapes of one row; raises DatasetError. As in Keras, a last dimension of 1 may be left out or added."""
    if not any(
        _fits(received, shape) for shape in (expected, (*expected, 1), _without_last_one(expected))
    ):
        raise DatasetError(
            f"{name}: the model expects rows of the shape {_text(expected)},"
            f" received rows of the shape {_text(received)}."
        )


def check_labels(
    name: str, labels: np.ndarray, output: Shape, loss: str, ignored: int | None = None
) -> None:
    """`output` is the shape of the model's output for one row, `loss` the Keras class; raises DatasetError."""
    if loss in _OF_THEIR_OWN_KIND:
        return
    received = labels.shape[1:]
    if loss == _TAKES_CLASS_NUMBERS:
        expected = tuple(output[:-1])
        if not (_fits(received, expected) or _fits(received, (*expected, 1))):
            hint = " Labels with one value per class need CategoricalCrossentropy."
            raise _wrong_labels(name, received, expected, loss, hint if len(received) else "")
        _check_class_numbers(name, labels, output[-1], ignored)
    elif not any(_fits(received, shape) for shape in (tuple(output), _without_last_one(output))):
        hint = " Class numbers need SparseCategoricalCrossentropy."
        raise _wrong_labels(
            name, received, output, loss, hint if loss in _TAKES_ONE_OF_MANY else ""
        )


def _check_class_numbers(
    name: str, labels: np.ndarray, outputs: int | None, ignored: int | None
) -> None:
    used = labels if ignored is None else labels[labels != ignored]
    if not used.size:
        raise DatasetError(f"{name}: every label is {ignored}, which the loss ignores.")
    smallest, largest = used.min(), used.max()
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.rint(labels)):
        raise DatasetError(f"{name}: {_TAKES_CLASS_NUMBERS} expects whole numbers as labels.")
    if smallest < 0:
        raise DatasetError(f"{name}: the smallest label is {int(smallest)}, classes count from 0.")
    if outputs is not None and largest >= outputs:
        raise DatasetError(
            f"{name}: the largest label is {int(largest)} and the model has {outputs} outputs,"
            f" expected labels from 0 to {outputs - 1}."
        )


def _wrong_labels(
    name: str, received: Shape, expected: Shape, loss: str, hint: str
) -> DatasetError:
    return DatasetError(
        f"{name}: with this model {loss} expects for each row {_labels_text(expected)},"
        f" received {_labels_text(received)}.{hint}"
    )


def _fits(received: Shape, expected: Shape) -> bool:
    return len(received) == len(expected) and all(
        there is None or here == there for here, there in zip(received, expected, strict=True)
    )


def _without_last_one(shape: Shape) -> Shape:
    return shape[:-1] if len(shape) and shape[-1] == 1 else shape


def _labels_text(shape: Shape) -> str:
    return f"labels of the shape {_text(shape)}" if len(shape) else "one number as label"


def _text(shape: Shape) -> str:
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
