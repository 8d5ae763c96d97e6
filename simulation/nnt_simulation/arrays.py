"""From Keras' variables to NumPy's arrays."""

from typing import Any

import keras
import numpy as np


def as_array(variable: Any) -> np.ndarray:
    """The values of a variable or a tensor as they are now: a copy, for training goes on changing them."""
    # Not keras.ops.convert_to_numpy, which copies TensorFlow's tensors twice and makes NumPy 2.4 complain.
    return np.asarray(keras.ops.convert_to_tensor(variable).numpy())
