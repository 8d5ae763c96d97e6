"""What recurrent layers that are stateful remember from one batch to the next: no weights, nor variables of the model.

Keras carries it from batch to batch, through validation and into the next epoch, and saves it with no model.
"""

import keras


def of(model: keras.Model) -> list[keras.Variable]:
    """Those of all layers, however deep inside of others, always in the same order; of a model that is built."""
    return [
        state
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.RNN) and layer.stateful
        for state in keras.tree.flatten(layer.states)
    ]


def forget(model: keras.Model) -> None:
    """As if no batch had been seen."""
    # Keras' own reset_state() fails with several cells.
    for state in of(model):
        state.assign(keras.ops.zeros_like(state))
