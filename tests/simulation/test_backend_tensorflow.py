"""With TensorFlow nothing copies the values that are taken from a training, and they stay as they were all the same."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnt_simulation.backends.tensorflow import array_of
from nnt_simulation.training_state import TrainingState
from tests.simulation.test_training_state import assert_taken_values_stay, compiled


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
    taken = [array_of(variable)]
    copied = [taken[0].copy()]
    for change in changes * 2:
        change(variable.value)
        taken.append(array_of(variable))
        copied.append(taken[-1].copy())
        assert not np.array_equal(copied[-1], copied[-2])
    np.testing.assert_array_equal(taken, copied)


def test_values_are_not_copied():
    state = TrainingState(compiled("dense", "sgd"))
    for first, second in zip(state.values(), state.values(), strict=True):
        assert np.shares_memory(first, second)
