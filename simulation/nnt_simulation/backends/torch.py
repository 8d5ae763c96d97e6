"""What a training needs of PyTorch and Keras does not have; see `Backend`."""

from collections.abc import Sequence

import keras
import ml_dtypes
import numpy as np
import torch
from keras.src.utils import module_utils

# Keras would import TensorFlow to seed it and to save a model, wherever it is installed: seconds, and 400 MB.
module_utils.tensorflow._available = False


def make_deterministic(threads: int) -> None:
    torch.set_num_threads(threads)
    # Where a graphics processor has no other way, a training that is not exact is better than none: the log says so.
    torch.use_deterministic_algorithms(True, warn_only=True)


def begin_epoch(seed: int, epoch: int) -> None:
    # Dropout without a seed of its own and some augmentations draw from PyTorch's generator, which is no variable; so
    # does every pass through the data. An interrupted epoch is trained again from its beginning.
    [drawn] = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn))


def array_of(variable: keras.Variable) -> np.ndarray:
    # Copied, because PyTorch changes variables in their place.
    copied = variable.value.detach().to("cpu", copy=True)
    if copied.dtype == torch.bfloat16:  # which NumPy has not
        halves: np.ndarray = copied.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return halves
    array: np.ndarray = copied.numpy()
    return array


def graphics_processors() -> Sequence[str]:
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
