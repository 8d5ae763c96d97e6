"""What recurrent layers remember is kept and given back, and forgotten before a network is measured."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from nnt_simulation import recurrent_states
from nnt_simulation.training_state import TrainingState
from nnt_simulation.weights import weights_of

BATCH, STEPS, INPUTS = 5, 7, 3


def recurrent(units: int) -> layers.Layer:
    return layers.SimpleRNN(units, stateful=True, return_sequences=True)


def nested() -> layers.Layer:
    return keras.Sequential([keras.Input((STEPS, INPUTS), BATCH), recurrent(2)])


def of_cells() -> layers.Layer:
    cells = [layers.LSTMCell(4), layers.GRUCell(2)]
    return layers.RNN(cells, stateful=True, return_sequences=True)


def convolutional() -> layers.Layer:
    return keras.Sequential(
        [layers.Reshape((STEPS, INPUTS, 1)), layers.ConvLSTM1D(2, 2, stateful=True)]
    )


# How many states each has.
KINDS: dict[str, tuple[Callable[[], layers.Layer], int]] = {
    "by itself": (lambda: recurrent(4), 1),
    "two in a row": (lambda: keras.Sequential([recurrent(4), recurrent(2)]), 2),
    "nested": (nested, 1),
    "of cells": (of_cells, 3),
    "in both directions": (lambda: layers.Bidirectional(recurrent(2)), 2),
    "convolutional": (convolutional, 2),
    "over time": (lambda: layers.TimeDistributed(layers.SimpleRNN(2, stateful=True)), 1),
    "without states": (lambda: layers.SimpleRNN(2), 0),
}


def made(kind: str) -> keras.Model:
    inputs = [keras.Input((STEPS, INPUTS), BATCH)]
    if kind == "over time":
        inputs.append(layers.Reshape((1, STEPS, INPUTS)))
    model = keras.Sequential([*inputs, KINDS[kind][0](), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def features() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(BATCH, STEPS, INPUTS)).astype(np.float32)


def remembered(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(state) for state in recurrent_states.of(model)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_is_found_and_can_be_forgotten(kind):
    model = made(kind)
    fresh = model.predict_on_batch(features())
    states = remembered(model)
    assert len(states) == KINDS[kind][1]
    assert all(state.any() for state in states)
    recurrent_states.forget(model)
    assert not any(state.any() for state in remembered(model))
    np.testing.assert_array_equal(model.predict_on_batch(features()), fresh)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_is_given_back_goes_on_alike(kind):
    model, other = made(kind), made(kind)
    model.predict_on_batch(features())
    state = TrainingState(model)
    saved = dict(zip((stored.name for stored in state.layout), state.values(), strict=True))
    TrainingState(other).restore(saved)
    for one, same in zip(remembered(model), remembered(other), strict=True):
        np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(
        model.predict_on_batch(features()), other.predict_on_batch(features())
    )


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_no_weights(kind):
    model = made(kind)
    states = {id(state) for state in recurrent_states.of(model)}
    assert states.isdisjoint(id(weight.variable) for weight in weights_of(model))


def test_a_checkpoint_of_before_states_were_kept_is_gone_on_from():
    model = made("by itself")
    state = TrainingState(model)
    names = [stored.name for stored in state.layout]
    saved = dict(zip(names, state.values(), strict=True))
    without = {name: values for name, values in saved.items() if not name.startswith("state_")}
    assert len(without) < len(saved)
    model.predict_on_batch(features())
    state.restore(without)
    assert remembered(model)[0].any(), "there is nothing to put in its place"
