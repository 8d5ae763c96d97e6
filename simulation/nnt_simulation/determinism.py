"""Makes the same training give the same numbers, to the last bit."""

import keras
import tensorflow as tf

_LARGEST_NUMPY_SEED = 2**32


def make_deterministic(seed: int, threads: int) -> None:
    """Before anything is computed. Sums depend on how many threads share them."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed % _LARGEST_NUMPY_SEED)
