"""A metric of Keras, given labels and outputs in the form it takes, whichever form the loss function takes."""

from typing import Any

import keras
from keras import ops
from keras.src.backend import get_keras_mask, set_keras_mask

from nnt_contract.catalogue import LossFunction, Metric

_DTYPE = "float32"  # of labels and outputs; that of some metrics is for counting
_DECISIONS = ("decisions", "class numbers")


class AdaptedMetric(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """`logits` tells that the outputs are some and that the metric does not expect them.

    Labels that are the class number `ignored` do not count.
    """

    def __init__(
        self,
        metric: keras.metrics.Metric,
        takes: Metric,
        trained: LossFunction,
        logits: bool = False,
        ignored: int | None = None,
    ) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric = metric
        self._takes = takes
        self._trained = trained
        # Hinges take -1 and 1 as labels as well as 0 and 1, and the sign of an output decides.
        self._signs = trained.predictions == "scores" and takes.predictions in _DECISIONS
        self._squashes = logits or self._signs
        self._ignored = ignored

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> None:
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        y_true, weight = self._without_ignored(self._aligned(y_true, y_pred))
        self._metric.update_state(
            self._labels(y_true, y_pred.shape[-1]), self._predictions(y_pred), weight
        )

    def result(self) -> Any:
        return self._metric.result()

    def reset_state(self) -> None:
        self._metric.reset_state()

    def _aligned(self, labels: Any, outputs: Any) -> Any:
        """As many dimensions as the outputs have, but for class numbers, which have one less."""
        has_all = len(labels.shape) == len(outputs.shape)
        if self._trained.labels == "class numbers":
            return ops.cast(ops.squeeze(labels, -1) if has_all else labels, "int32")
        return ops.cast(labels if has_all else ops.expand_dims(labels, -1), _DTYPE)

    def _without_ignored(self, labels: Any) -> tuple[Any, Any]:
        """With the weights of the labels; None: all are alike."""
        if self._ignored is None:
            return labels, None
        counts = ops.not_equal(labels, self._ignored)
        return ops.where(counts, labels, 0), ops.cast(counts, self.dtype)

    def _labels(self, labels: Any, outputs: int) -> Any:
        if self._signs:
            labels = ops.cast(labels > 0, _DTYPE)
        is_number, takes_number = (
            one.labels == "class numbers" for one in (self._trained, self._takes)
        )
        if is_number and not takes_number:
            return ops.one_hot(labels, outputs, dtype=_DTYPE)
        if takes_number and not is_number:
            return _numbers_of(labels)
        return labels

    def _predictions(self, outputs: Any) -> Any:
        if self._squashes:
            activation = ops.sigmoid if self._trained.task == "binary" else ops.softmax
            mask = get_keras_mask(outputs)
            outputs = activation(ops.cast(outputs, _DTYPE))
            set_keras_mask(outputs, mask)
        return _numbers_of(outputs) if self._takes.predictions == "class numbers" else outputs


def _numbers_of(values: Any) -> Any:
    """Which class has the largest value; with one value for each label, whether it is above a half."""
    if values.shape[-1] == 1:
        return ops.cast(ops.squeeze(values, -1) > 0.5, "int32")
    return ops.argmax(values, -1)
