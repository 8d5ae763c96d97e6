"""Makes the same training give the same numbers, to the last bit."""

import keras

from nnt_simulation import backends

_LARGEST_NUMPY_SEED = 2**32


def make_deterministic(seed: int, threads: int) -> None:
    """Before anything is computed. Sums depend on how many threads share them."""
    backends.chosen().make_deterministic(threads)
    keras.utils.set_random_seed(seed % _LARGEST_NUMPY_SEED)
