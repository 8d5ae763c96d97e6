import json
from typing import Any

import keras
import numpy as np
import pytest

from nnt_simulation import models
from nnt_simulation.errors import ModelError
from tests.simulation.builders import dense_json, json_of, model_json


def keras_2(kind: str, layers: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    config = {"name": "old", "layers": layers, **more}
    return {"class_name": kind, "config": config, "keras_version": "2.4.0"}


def keras_2_input(name: str, shape: list[int]) -> dict[str, Any]:
    config = {
        "batch_input_shape": [None, *shape],
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": name,
    }
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def keras_2_dense(name: str, *after: str) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", "units": 3}
    nodes = [[[before, 0, 0, {}] for before in after]] if after else []
    return {"class_name": "Dense", "config": config, "name": name, "inbound_nodes": nodes}


def refusal(model: dict[str, Any]) -> str:
    with pytest.raises(ModelError) as refused:
        models.build(model, (4,))
    return str(refused.value)


def test_a_functional_model_of_keras_2_is_built():
    old = keras_2(
        "Functional",
        [keras_2_input("in", [4]), keras_2_dense("hidden", "in"), keras_2_dense("out", "hidden")],
        input_layers=[["in", 0, 0]],
        output_layers=[["out", 0, 0]],
    )
    model = models.build(old, (4,))
    assert [layer.name for layer in model.layers] == ["in", "hidden", "out"]
    assert model.output_shape == (None, 3)


def test_a_model_within_a_model_of_keras_2_is_built():
    inner = keras_2("Sequential", [keras_2_input("in", [4]), keras_2_dense("deep")])
    inner["config"]["name"] = "inner"
    model = models.build(keras_2("Sequential", [inner, keras_2_dense("out")]), (4,))
    assert [layer.name for layer in model.layers] == ["inner", "out"]
    assert len(model.weights) == 4


def test_a_model_of_keras_3_is_built_and_how_it_was_compiled_is_forgotten():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("adam", loss="mse")
    assert not models.build(json.loads(model.to_json()), (4,)).compiled


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (lambda one: {"left": one}, lambda one: {"right": one}),
        (lambda one: [one], lambda one: [one]),
    ],
    ids=["named", "listed"],
)
def test_an_only_input_and_an_only_output_are_fed_as_such(inputs, outputs):
    one = keras.Input((4,), name="left")
    written = keras.Model(inputs(one), outputs(keras.layers.Dense(3, name="right")(one)))
    model = models.build(json_of(written), (4,))
    model.compile(loss="mse")
    rows = np.ones((2, 4))
    model.fit(rows, np.ones((2, 3)), verbose=0)
    assert model.predict(rows, verbose=0).shape == (2, 3)


def test_the_same_seed_makes_the_same_weights():
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        weights.append(models.build(dense_json(), (6,)).get_weights()[0].tolist())
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ({}, "expected a Sequential or Functional model of Keras"),
        ({"class_name": "Dense", "config": {}}, "received 'Dense'"),
        ({"class_name": "Sequential"}, "expected an object under “config”"),
        ({"class_name": "Sequential", "config": {}}, "cannot be built"),
        (model_json(keras.layers.Flatten()), "no weights that can be trained"),
    ],
)
def test_what_is_no_model_to_train_is_told(model, told):
    assert told in refusal(model)


def test_a_misspelt_layer_is_told_with_the_nearest():
    told = refusal(keras_2("Sequential", [{"class_name": "Dence", "config": {}}]))
    assert told == (
        "The model is not accepted: config.layers[0]:"
        f" expected a layer of Keras {keras.__version__} (near to it: Dense), received 'Dence'."
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"units": -3}, "in Dense 'out': Received an invalid value for `units`"),
        ({"activation": "relux"}, "(in Dense 'out'): expected an activation of Keras"),
        ({"unit": 3}, "in Dense 'out': Unrecognized keyword arguments passed to Dense"),
    ],
)
def test_a_layer_that_cannot_be_made_is_named(changed, told):
    model = dense_json()
    model["config"]["layers"][1]["config"] |= changed
    assert told in refusal(model)


def test_a_model_too_large_for_the_memory_is_told_as_that(monkeypatch):
    def too_large(*args, **kwargs):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", too_large)
    with pytest.raises(MemoryError):
        models.build(dense_json(), (6,))


def test_layers_that_do_not_fit_each_other_are_told_without_pages_of_configuration():
    model = model_json(keras.layers.Conv1D(2, 3, name="first"), inputs=(9, 2))
    model["config"]["layers"][1]["config"]["kernel_size"] = [12]
    told = refusal(model)
    assert told.startswith("The model cannot be built: ")
    assert len(told) < 600
    assert "\x1b" not in told


def test_several_inputs_are_refused():
    one, two = keras.Input((4,)), keras.Input((4,))
    joined = keras.layers.Dense(1)(keras.layers.Concatenate()([one, two]))
    model = json.loads(keras.Model([one, two], joined).to_json())
    assert refusal(model) == "The model has 2 inputs, expected one."


def test_several_outputs_are_refused():
    one = keras.Input((4,))
    outputs = [keras.layers.Dense(1)(one), keras.layers.Dense(1)(one)]
    model = json.loads(keras.Model(one, outputs).to_json())
    assert refusal(model) == "The model has 2 outputs, expected one."


def test_python_code_in_a_model_is_not_run():
    model = json.loads(
        keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x)]).to_json()
    )
    assert "another layer than Lambda (it holds Python code" in refusal(model)


def test_what_keras_2_wrapped_is_built():
    """Keras 3 finds layers without a module in models only, and has no `time_major`."""
    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 3, "time_major": False}}
    cells = [{"class_name": kind, "config": {"units": 2}} for kind in ("LSTMCell", "GRUCell")]
    stack = {"class_name": "StackedRNNCells", "config": {"cells": cells}}
    layers = [
        keras_2_input("in", [5, 4]),
        {"class_name": "Bidirectional", "config": {"name": "both", "layer": lstm | {}}},
    ]
    layers[1]["config"]["layer"]["config"]["return_sequences"] = True
    layers += [
        {"class_name": "TimeDistributed", "config": {"name": "each", "layer": keras_2_dense("d")}},
        {"class_name": "RNN", "config": {"name": "stack", "cell": stack}},
        keras_2_dense("out") | {},
    ]
    layers[-1]["config"]["dtype"] = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    model = models.build(keras_2("Sequential", layers), (5, 4))
    assert [layer.name for layer in model.layers] == ["both", "each", "stack", "out"]
    assert model.layers[-1].dtype_policy.name == "mixed_float16"
