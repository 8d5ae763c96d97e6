"""What is told of a model without Keras, beside what Keras itself says of the same one."""

import json
from typing import Any

import keras
import pytest
from keras import layers

from nnt_contract import model_shape
from nnt_simulation import models
from tests.conftest import FIXTURES

KERAS_2 = json.loads((FIXTURES / "keras_2" / "models.json").read_text())


def functional() -> keras.Model:
    features = keras.Input((6, 4), name="one")
    return keras.Model(features, layers.Dense(2)(features))


def functional_with_lists() -> keras.Model:
    features = keras.Input((6, 4))
    return keras.Model([features], [layers.Dense(2)(features)])


def built_from_data() -> keras.Model:
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 6, 4))
    return model


def sequential(shape: tuple[int | None, ...], *inside: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *inside])


def as_json(model: keras.Model) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(model.to_json())
    return parsed


@pytest.mark.parametrize(
    "make",
    [
        functional,
        functional_with_lists,
        built_from_data,
        lambda: sequential((6, 4), layers.Dense(2)),
        lambda: sequential((None, 4), layers.Bidirectional(layers.GRU(2))),
        lambda: keras.Sequential([keras.Input((6,), batch_size=8), layers.Embedding(9, 2)]),
        lambda: keras.Sequential([sequential((6, 4), layers.Dense(2)), layers.Dense(1)]),
        lambda: keras.Sequential([functional(), layers.Dense(1)]),
    ],
)
def test_the_shape_of_a_row_is_what_keras_says(make):
    model = make()
    assert model_shape.row_shape(as_json(model)) == model.input_shape[1:]
    assert model_shape.problems(as_json(model)) == []


@pytest.mark.parametrize("name", KERAS_2)
def test_keras_2_says_it_in_other_words(name):
    model = KERAS_2[name]["model"]
    assert model_shape.row_shape(model) == models.build(model).input_shape[1:]
    assert model_shape.problems(model) == []


def test_a_model_that_is_not_built_leaves_its_input_open():
    assert model_shape.row_shape(as_json(keras.Sequential([layers.Dense(2)]))) is None


def test_several_inputs_and_outputs_are_told_by_the_names_that_keras_has():
    one, two = keras.Input((6, 4), name="one"), keras.Input((4,), name="two")
    _, *states = layers.LSTM(2, return_state=True, name="lstm")(one)
    model = keras.Model([one, two], [layers.Dense(1, name="out")(two), *states])
    inputs, outputs = model_shape.problems(as_json(model))
    assert inputs.received == "2 inputs: 'one', 'two'"
    assert outputs.received == "3 outputs: 'out', 'lstm', 'lstm'"
