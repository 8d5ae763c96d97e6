"""What was taken from a training stays as it was while the training goes on."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from nnt_simulation.training_state import TrainingState

ROWS, WORDS = 64, 10
# Variables that are changed whole, row by row, in the forward pass, and only sometimes.
MODELS: dict[str, Callable[[], list[layers.Layer]]] = {
    "dense": lambda: [layers.Flatten(), layers.Dense(8, "relu"), layers.Dropout(0.5)],
    "embedding": lambda: [layers.Embedding(WORDS, 4), layers.Flatten()],
    "normalisation": lambda: [layers.Flatten(), layers.BatchNormalization()],
    "half": lambda: [layers.Flatten(), layers.Dense(8, dtype="bfloat16")],
}
OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "adam": lambda: keras.optimizers.Adam(0.001, amsgrad=True),
    "sgd": lambda: keras.optimizers.SGD(0.001),
    "momentum": lambda: keras.optimizers.SGD(0.001, momentum=0.9, nesterov=True, use_ema=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001, momentum=0.5),
    "accumulating": lambda: keras.optimizers.SGD(0.001, gradient_accumulation_steps=2),
}


def compiled(model: str, optimizer: str, by_xla: bool = False) -> keras.Model:
    made = keras.Sequential([keras.Input((3,)), *MODELS[model](), layers.Dense(1)])
    made.compile(OPTIMIZERS[optimizer](), "mse", jit_compile=by_xla)
    made.optimizer.build(made.trainable_variables)
    return made


def train(model: keras.Model) -> None:
    features = np.random.default_rng(1).integers(0, WORDS, (ROWS, 3)).astype("float32")
    model.fit(features, features.sum(axis=1), batch_size=16, epochs=2, verbose=0)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_values_that_were_taken_stay_as_they_were(model, optimizer):
    assert_taken_values_stay(compiled(model, optimizer))


def assert_taken_values_stay(trained: keras.Model) -> None:
    state = TrainingState(trained)
    initial = list(state.values())
    rounds = [(initial, [value.copy() for value in initial])]
    for _ in range(2):
        train(trained)
        taken = list(state.values())
        rounds.append((taken, [value.copy() for value in taken]))
    train(trained)
    for taken, copied in rounds:
        for value, copy in zip(taken, copied, strict=True):
            np.testing.assert_array_equal(value, copy)
    (first, _), (_, _), (last, _) = rounds
    changed = [not np.array_equal(*pair) for pair in zip(first, last, strict=True)]
    assert sum(changed) > len(trained.trainable_variables)


def test_what_is_restored_is_what_was_taken():
    trained = compiled("dense", "adam")
    train(trained)
    state = TrainingState(trained)
    saved = dict(zip((stored.name for stored in state.layout), state.values(), strict=True))
    train(trained)
    other = TrainingState(compiled("dense", "adam"))
    other.restore(saved)
    for stored, value in zip(other.layout, other.values(), strict=True):
        assert (stored.dtype, stored.shape) == (str(value.dtype), value.shape)
        np.testing.assert_array_equal(value, saved[stored.name])
    assert other.bytes == sum(value.nbytes for value in saved.values())
