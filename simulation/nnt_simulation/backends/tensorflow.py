"""What a training needs of TensorFlow and Keras does not have; see `Backend`."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf


def make_deterministic(threads: int) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def begin_epoch(seed: int, epoch: int) -> None:
    """Nothing to do: whatever is drawn is drawn from variables of the model."""


def array_of(variable: keras.Variable) -> np.ndarray:
    # TensorFlow never changes memory that somebody holds: a variable is given other memory first, also where only some
    # of its rows change, as in embeddings. What is in another device's memory is copied from there anyway.
    # Hence not `.numpy()`, which copies, nor `.read_value()`, which costs another operation.
    return np.asarray(variable.value.value())


def graphics_processors() -> Sequence[str]:
    devices = tf.config.list_physical_devices("GPU")
    return [
        tf.config.experimental.get_device_details(device).get("device_name", device.name)
        for device in devices
    ]
