"""The list of what models may name: it is that of the Keras that is installed, and real models pass."""

import json
from importlib import resources
from typing import Any

import keras
import pytest
from keras import Model, Sequential, layers, ops

from nnt_contract import keras_model
from nnt_simulation import keras_objects, models


def sequential(shape: tuple[int, ...], *after: Any) -> Model:
    return Sequential([keras.Input(shape), *after])


def attention() -> Model:
    words = keras.Input((4, 8))
    attended = layers.Add()([words, layers.MultiHeadAttention(2, 4)(words, words)])
    joined = layers.Concatenate()([attended, layers.LayerNormalization()(words)])
    pooled = layers.GlobalAveragePooling1D()(layers.Multiply()([joined, joined]))
    return Model(words, layers.Dense(2, activation="softmax")(pooled))


def operations() -> Model:
    start = keras.Input((4,))
    there = layers.Dense(4, activation=layers.LeakyReLU(0.1))(start) * 2.0 + start
    return Model(start, ops.mean(ops.reshape(there, (-1, 2, 2)), axis=1)[:, :1])


def nested() -> Model:
    start, outer = keras.Input((4,)), keras.Input((4,))
    inner = Model(start, layers.Dense(2)(sequential((4,), layers.Dense(3))(start)))
    return Model(outer, inner(outer))


MODELS = {
    "a Conv1D": lambda: sequential(
        (16, 2),
        layers.Conv1D(2, 3, padding="causal", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)),
        layers.MaxPooling1D(2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2, kernel_constraint="max_norm", activation="softmax"),
    ),
    "a Conv2D": lambda: sequential(
        (8, 8, 2),
        layers.SeparableConv2D(3, 3),
        layers.BatchNormalization(),
        layers.ReLU(6.0),
        layers.AveragePooling2D(2),
        layers.Conv2DTranspose(2, 2),
        layers.DepthwiseConv2D(2),
        layers.Flatten(),
        layers.Dense(2, bias_initializer=keras.initializers.Constant(0.1)),
    ),
    "a Conv3D": lambda: sequential(
        (4, 4, 4, 1), layers.Conv3D(2, 2), layers.GlobalMaxPooling3D(), layers.Dense(1)
    ),
    "recurrent layers": lambda: sequential(
        (5, 3),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3)),
        layers.GRU(2, recurrent_initializer="he_normal"),
        layers.Dense(1),
    ),
    "recurrent cells": lambda: sequential(
        (5, 3), layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)]), layers.Dense(1)
    ),
    "an Embedding": lambda: sequential(
        (5,),
        layers.Embedding(10, 4, mask_zero=True),
        layers.SimpleRNN(3),
        layers.Dropout(0.2),
        layers.Activation("gelu"),
        layers.Dense(2),
    ),
    "mixed precision": lambda: sequential(
        (4,),
        layers.Dense(3, dtype="mixed_float16", kernel_initializer=keras.initializers.HeNormal(3)),
        layers.Dense(2, dtype="float32"),
    ),
    "attention": attention,
    "operations": operations,
    "models within models": nested,
}


def test_the_list_is_that_of_the_installed_keras():
    """Write it anew with `python -m nnt_simulation.keras_objects`."""
    written = resources.files("nnt_contract").joinpath(keras_model.OBJECTS_FILE).read_text()
    assert keras_objects.as_text() == written


@pytest.mark.parametrize("name", MODELS)
def test_a_real_model_passes_and_is_built(name):
    model = MODELS[name]()
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        loss=keras.losses.mean_squared_error,
        metrics=["accuracy", keras.metrics.AUC()],
    )
    written = json.loads(model.to_json())
    assert keras_model.problems(written) == []
    built = models.build(written, model.input_shape[1:])
    assert [weight.shape for weight in built.weights] == [weight.shape for weight in model.weights]
