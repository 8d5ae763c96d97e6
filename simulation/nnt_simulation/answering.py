"""What a model answers, and which of its answers count."""

from typing import Any

import keras
from keras.src.backend import get_keras_mask


class Answering(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Predicts a model's outputs and their mask, if they have one.

    Loss and metrics of Keras count by that mask, which is no part of a prediction.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self._model = model

    def call(self, features: Any) -> tuple[Any, ...]:
        outputs = self._model(features, training=False)
        mask = get_keras_mask(outputs)
        return (outputs,) if mask is None else (outputs, mask)
