"""Models of Keras 3, one for each family of layers, which take numbers from 0 to 1 or, where embedded, their wholes."""

from collections.abc import Callable

import keras
from keras import Input, layers


def stack(shape: tuple[int | None, ...], *made: keras.Layer) -> keras.Model:
    return keras.Sequential([Input(shape), *made, layers.Dense(2)])


def functional(entry: keras.KerasTensor, last: keras.KerasTensor) -> keras.Model:
    return keras.Model(entry, layers.Dense(2)(last))


def attention() -> keras.Model:
    rows = Input((6, 4))
    heads = layers.MultiHeadAttention(2, 3)(rows, rows)
    grouped = layers.GroupQueryAttention(3, 2, 1)(rows, rows)
    dots = layers.Attention()([rows, heads])
    sums = layers.AdditiveAttention()([grouped, dots])
    return functional(rows, layers.GlobalAveragePooling1D()(layers.Add()([heads, dots, sums])))


def merge() -> keras.Model:
    rows = Input((8,))
    pair = [layers.Dense(4)(rows), layers.Dense(4)(rows)]
    kinds = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum)
    merged = [kind()(pair) for kind in (*kinds, layers.Minimum)]
    return functional(rows, layers.Concatenate()([*merged, layers.Dot(1)(pair)]))


def nested() -> keras.Model:
    inner = keras.Sequential([Input((8,)), layers.Dense(8, "tanh")], name="inner")
    one, two = Input((8,)), Input((8,))
    outer = keras.Model(one, layers.Add()([inner(inner(one)), one]), name="outer")
    return functional(two, outer(two))


def shared() -> keras.Model:
    rows, twice = Input((8,)), layers.Dense(8, "relu")
    return functional(rows, twice(twice(rows)))


def states() -> keras.Model:
    rows = Input((6, 4))
    last, *state = layers.LSTM(3, return_state=True)(rows)
    decoded = layers.LSTM(3)(layers.RepeatVector(5)(last), initial_state=state)
    return functional(rows, decoded)


FAMILIES: dict[str, Callable[[], keras.Model]] = {
    "attention": attention,
    "cells": lambda: stack((6, 4), layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])),
    "convolution 1D": lambda: stack(
        (20, 3),
        *(layers.Conv1D(4, 3), layers.SeparableConv1D(4, 3), layers.DepthwiseConv1D(2)),
        *(layers.Conv1DTranspose(4, 3), layers.MaxPooling1D(2), layers.GlobalMaxPooling1D()),
    ),
    "convolution 2D": lambda: stack(
        (16, 16, 3),
        *(layers.Conv2D(4, 3), layers.SeparableConv2D(4, 3), layers.DepthwiseConv2D(2)),
        *(layers.Conv2DTranspose(4, 3), layers.AveragePooling2D(2), layers.Flatten()),
    ),
    "convolution 3D": lambda: stack(
        (6, 6, 6, 1), layers.Conv3D(2, 3), layers.MaxPooling3D(2), layers.GlobalAveragePooling3D()
    ),
    "dense": lambda: stack((8,), layers.Dense(8, "relu"), layers.Dropout(0.1)),
    "embedding": lambda: stack((6,), layers.Embedding(3, 4, mask_zero=True), layers.LSTM(3)),
    "merge": merge,
    "nested": nested,
    "normalisation": lambda: stack(
        (6, 4),
        *(layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(2)),
        *(layers.RMSNormalization(), layers.UnitNormalization(), layers.Flatten()),
        layers.SpectralNormalization(layers.Dense(3)),
    ),
    "recurrence": lambda: stack(
        (6, 4),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.GRU(3, return_sequences=True),
        layers.TimeDistributed(layers.Dense(4)),
        layers.SimpleRNN(3),
    ),
    "shared": shared,
    "states": states,
}
