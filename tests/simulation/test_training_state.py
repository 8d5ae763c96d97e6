"""What was taken from a training stays as it was while the training goes on, although nothing copied it."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from nnt_simulation.arrays import as_array
from nnt_simulation.training_state import TrainingState

ROWS, WORDS = 64, 10
# Variables that TensorFlow changes whole, row by row, in the forward pass, and only sometimes.
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


@pytest.mark.parametrize("model", ["dense", "embedding"])
def test_they_stay_also_where_another_compiler_decides_about_memory(model):
    assert_taken_values_stay(compiled(model, "adam", by_xla=True))


def test_they_stay_whatever_changes_a_variable_in_its_place():
    variable = keras.Variable(np.ones((6, 4), np.float32))
    rows = tf.IndexedSlices(tf.fill((2, 4), 5.0), [1, 3])
    changes: list[Callable[[tf.Variable], object]] = [
        lambda inner: inner.assign_add(tf.ones((6, 4))),
        lambda inner: inner.scatter_sub(rows),
        lambda inner: inner.scatter_nd_update([[2]], tf.zeros((1, 4))),
        lambda inner: inner[4:].assign(tf.fill((2, 4), 9.0)),
        lambda inner: inner.assign(inner * 2.0),
        lambda inner: inner.scatter_update(rows),
    ]
    taken = [as_array(variable)]
    copied = [taken[0].copy()]
    for change in changes * 2:
        change(variable.value)
        taken.append(as_array(variable))
        copied.append(taken[-1].copy())
        assert not np.array_equal(copied[-1], copied[-2])
    np.testing.assert_array_equal(taken, copied)


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


def test_values_are_not_copied():
    state = TrainingState(compiled("dense", "sgd"))
    for first, second in zip(state.values(), state.values(), strict=True):
        assert np.shares_memory(first, second)
