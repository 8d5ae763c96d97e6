"""Whether the data at hand suit a model and its loss; `nnt_contract.suitability` has what is asked of them."""

from collections.abc import Mapping

import numpy as np

from nnt_contract import catalogue, suitability
from nnt_contract.row_shape import RowShape
from nnt_contract.suitability import Labels
from nnt_simulation.errors import DatasetError


def check_batches(fixed: int | None, batch_size: int, rows: Mapping[str, int]) -> None:
    """`fixed` is the only number of rows that the model takes at once, if there is one; raises DatasetError."""
    if wrong := suitability.batch_problem(fixed, batch_size, rows):
        raise DatasetError(wrong)


def check_labels(
    name: str, labels: np.ndarray, output: RowShape, loss: str, ignored: int | None = None
) -> None:
    """`output` is the shape of the model's output for one row, `loss` the Keras class; raises DatasetError."""
    chosen = catalogue.loss_function(loss)
    used = labels if ignored is None else labels[labels != ignored]
    if not used.size:
        raise DatasetError(f"{name}: every label is {ignored}, which the loss ignores.")
    seen = Labels(
        labels.shape[1:],
        float(used.min()),
        float(used.max()),
        _are_whole(labels) if chosen.labels == "class numbers" else None,
    )
    if wrong := suitability.label_problem(name, seen, output, chosen):
        raise DatasetError(wrong)
    if chosen.task == "sequences":
        _check_lengths(name, labels, output[0])


def _are_whole(labels: np.ndarray) -> bool:
    return labels.dtype.kind != "f" or np.array_equal(labels, np.rint(labels))


def _check_lengths(name: str, labels: np.ndarray, steps: int | None) -> None:
    longest = int(np.count_nonzero(labels, axis=1).max())
    if steps is not None and longest > steps:
        raise DatasetError(
            f"{name}: a row has {longest} labels and the model's output {steps} steps,"
            " expected at least as many steps as labels."
        )
