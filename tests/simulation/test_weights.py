import json

import keras
import numpy as np
import pytest
from keras import layers

from nnt_simulation.weights import weights_of

SEQUENCE = (5, 8)


def variables(model: keras.Model) -> list[str]:
    return [f"{w.array.layer_name}:{w.array.variable}" for w in weights_of(model)]


def reloaded(model: keras.Model) -> keras.Model:
    return keras.saving.deserialize_keras_object(json.loads(model.to_json()))


def test_the_path_below_the_layer_names_a_variable():
    model = keras.Sequential(
        [
            keras.Input(SEQUENCE),
            layers.LSTM(3, return_sequences=True, name="lstm"),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="lstm"), name="both"),
            layers.TimeDistributed(layers.Dense(4, name="each"), name="steps"),
            layers.BatchNormalization(name="norm"),
        ]
    )
    assert variables(model) == [
        "lstm:lstm_cell/kernel",
        "lstm:lstm_cell/recurrent_kernel",
        "lstm:lstm_cell/bias",
        "both:forward_lstm/lstm_cell/kernel",
        "both:forward_lstm/lstm_cell/recurrent_kernel",
        "both:forward_lstm/lstm_cell/bias",
        "both:backward_lstm/lstm_cell/kernel",
        "both:backward_lstm/lstm_cell/recurrent_kernel",
        "both:backward_lstm/lstm_cell/bias",
        "steps:each/kernel",
        "steps:each/bias",
        "norm:gamma",
        "norm:beta",
        "norm:moving_mean",
        "norm:moving_variance",
    ]


def test_attention_names_its_parts():
    inputs = keras.Input(SEQUENCE)
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 3, name="heads")(inputs, inputs))
    assert variables(model) == [
        f"heads:{part}/{name}"
        for part in ("query", "key", "value", "attention_output")
        for name in ("kernel", "bias")
    ]


@pytest.mark.parametrize("again", [lambda model: model, reloaded])
def test_models_within_models_are_taken_apart(again):
    inner = keras.Sequential(
        [keras.Input((8,)), layers.Dense(4, name="one"), layers.Dense(8, name="two")], name="inner"
    )
    middle = keras.Sequential(
        [keras.Input((8,)), inner, layers.Dense(8, name="one")], name="middle"
    )
    model = again(keras.Sequential([keras.Input((8,)), middle, layers.Dense(1, name="out")]))
    assert variables(model) == [
        "middle:inner/one/kernel",
        "middle:inner/one/bias",
        "middle:inner/two/kernel",
        "middle:inner/two/bias",
        "middle:one/kernel",
        "middle:one/bias",
        "out:kernel",
        "out:bias",
    ]


def test_names_stay_distinct_where_paths_do_not():
    blocks = [keras.Sequential([layers.Dense(3, name="same")], name="block") for _ in range(2)]
    cells = layers.StackedRNNCells(
        [layers.LSTMCell(3, name="cell"), layers.LSTMCell(3, name="cell")]
    )
    model = keras.Sequential([keras.Input(SEQUENCE), layers.RNN(cells, name="stack")])
    found = variables(model)
    assert len(found) == len(set(found)) == len(model.weights)
    assert len(blocks) == 2


def test_the_index_is_the_place_in_the_layers_of_the_model():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2)(layers.Dropout(0.5)(inputs)))
    assert {weight.array.layer_index for weight in weights_of(model)} == {2}


def test_random_generators_are_not_weights():
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5), layers.GaussianNoise(1.0)])
    assert weights_of(model) == []


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_values_are_little_endian_float32_whatever_the_model_computes_in(dtype):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, dtype=dtype)])
    model.set_weights([np.arange(6).reshape(2, 3), np.ones(3)])
    kernel, bias = weights_of(model)
    assert kernel.array.shape == (2, 3)
    assert np.frombuffer(kernel.payload(), "<f4").tolist() == [0, 1, 2, 3, 4, 5]
    assert np.frombuffer(bias.payload(), "<f4").tolist() == [1, 1, 1]
