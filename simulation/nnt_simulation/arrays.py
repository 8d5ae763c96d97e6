"""From Keras' variables to NumPy's arrays."""

import keras
import numpy as np


def as_array(variable: keras.Variable) -> np.ndarray:
    """The values as they are now and stay, also while training goes on; not a copy, and not to be written to."""
    # TensorFlow never changes memory that somebody holds: a variable is given other memory first, also where only some
    # of its rows change, as in embeddings. What is in another device's memory is copied from there anyway.
    # Hence not `.numpy()`, which copies, nor `.read_value()`, which costs another operation.
    return np.asarray(variable.value.value())
