"""Models that Keras 2 wrote are the models that it meant: see tests/fixtures/keras_2/make.py."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from nnt_contract import keras_model
from nnt_simulation import keras_2, models
from nnt_simulation.errors import ModelError
from nnt_simulation.layer_table import report
from tests.conftest import ROOT
from tests.simulation.builders import json_of
from tests.simulation.families import FAMILIES

ENGINES = ("keras.engine", "keras.src.engine", "tf_keras.src.engine")
WRITTEN = json.loads((ROOT / "tests" / "fixtures" / "keras_2" / "models.json").read_text())
SEQUENTIAL = [name for name, one in WRITTEN.items() if one["model"]["class_name"] == "Sequential"]


def as_first_versions_wrote(part: Any) -> Any:
    """They named no modules, and no shapes to build layers with."""
    if isinstance(part, list):
        return [as_first_versions_wrote(item) for item in part]
    if not isinstance(part, dict):
        return part
    later = {"module", "registered_name", "build_config"} if "class_name" in part else set()
    return {
        name: as_first_versions_wrote(value) for name, value in part.items() if name not in later
    }


def as_the_first_ones_listed_layers(model: dict[str, Any]) -> dict[str, Any]:
    """Until 2.2.2 the config of a Sequential model was its layers; its name was told by who uses it."""
    return {**listed(as_first_versions_wrote(model)), "keras_version": "2.1.6"}


def listed(part: Any) -> Any:
    if isinstance(part, list):
        return [listed(item) for item in part]
    if not isinstance(part, dict):
        return part
    told = {name: listed(value) for name, value in part.items()}
    is_one = part.get("class_name") == "Sequential"
    return told | {"config": told["config"]["layers"]} if is_one else told


def as_files_hold_it(model: dict[str, Any], engine: str = ENGINES[-1]) -> dict[str, Any]:
    """In a .keras file, and by serialize_keras_object, the whole is named like its parts."""
    kind, config = model["class_name"], model["config"]
    if kind == "Sequential":
        return {"module": "keras", "class_name": kind, "config": config, "registered_name": None}
    module = f"{engine}.functional"
    return {"module": module, "class_name": kind, "config": config, "registered_name": kind}


def without_its_input_layer(model: dict[str, Any]) -> dict[str, Any]:
    """The first layer of a Sequential model knew the input once."""
    entry, first, *others = model["config"]["layers"]
    shape = {"batch_input_shape": entry["config"]["batch_input_shape"]}
    first = first | {"config": first["config"] | shape}
    return model | {"config": model["config"] | {"layers": [first, *others]}}


def predicted(model_json: dict[str, Any], rows: list[int]) -> np.ndarray:
    """With the weights that make.py gives it."""
    assert keras_model.problems(model_json) == []
    model = models.build(model_json, tuple(rows[1:]))
    random = np.random.default_rng(0)
    for variable in (one for one in model.weights if "float" in one.dtype):
        variable.assign(random.uniform(0.1, 0.4, variable.shape))
    made: np.ndarray = keras.ops.convert_to_numpy(
        model(random.integers(0, 4, rows).astype("float32"), training=False)
    )
    return made


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize(
    "rewritten",
    [dict, as_first_versions_wrote, as_the_first_ones_listed_layers, as_files_hold_it],
)
def test_it_has_the_same_weights_and_predicts_the_same(name, rewritten):
    made = WRITTEN[name]
    tolerance = 2e-3 if name == "mixed precision" else 1e-4
    np.testing.assert_allclose(
        predicted(rewritten(made["model"]), made["rows"]),
        made["predicted"],
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_known_by_the_module_of_each_version(engine):
    made = WRITTEN["merge"]
    model = as_files_hold_it(made["model"], engine)
    np.testing.assert_allclose(predicted(model, made["rows"]), made["predicted"], atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_model_of_keras_3_is_taken_as_it_is(name):
    model = json_of(FAMILIES[name]())
    assert not keras_2.is_of_keras_2(model)


@pytest.mark.parametrize("name", WRITTEN)
def test_it_can_be_trained(name):
    model = models.build(WRITTEN[name]["model"], tuple(WRITTEN[name]["rows"][1:]))
    model.compile("sgd", "mse")
    before = [variable.numpy().copy() for variable in model.trainable_variables]
    model.fit(np.ones(WRITTEN[name]["rows"]), np.array(WRITTEN[name]["predicted"]) + 1, verbose=0)
    after = [variable.numpy() for variable in model.trainable_variables]
    assert not all(map(np.array_equal, before, after))


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("rewritten", [as_first_versions_wrote, as_the_first_ones_listed_layers])
def test_the_first_layer_may_know_the_input(name, rewritten):
    made = WRITTEN[name]
    model = rewritten(without_its_input_layer(made["model"]))
    tolerance = 2e-3 if name == "mixed precision" else 1e-4
    np.testing.assert_allclose(
        predicted(model, made["rows"]), made["predicted"], rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_file_may_leave_the_input_open(name):
    made = WRITTEN[name]
    whole = as_files_hold_it(made["model"])
    model = whole | {"config": whole["config"] | {"layers": whole["config"]["layers"][1:]}}
    tolerance = 2e-3 if name == "mixed precision" else 1e-4
    np.testing.assert_allclose(
        predicted(model, made["rows"]), made["predicted"], rtol=tolerance, atol=tolerance
    )


def test_a_list_of_layers_may_stand_in_any_model():
    """In a wrapper, in a list of layers, and among those of a model that Keras 3 would read as it is."""
    inner = sequential(
        layer("Dense", "first", units=4, batch_input_shape=[None, 4]),
        layer("Dense", "second", units=3),
    )
    each = layer("TimeDistributed", "each", layer=inner, batch_input_shape=[None, 5, 4])
    narrow = sequential(layer("Dense", "narrow", units=2, batch_input_shape=[None, 3]))
    model = sequential(each, layer("GlobalAveragePooling1D", "mean"), narrow)
    expected = predicted(model, [2, 5, 4])
    assert expected.shape == (2, 2)
    for one in (listed(model), listed(model) | {"module": "keras", "registered_name": None}):
        np.testing.assert_allclose(predicted(one, [2, 5, 4]), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("layer", "argument", "value"),
    [("SeparableConv1D", "groups", 2), ("Conv1DTranspose", "groups", 2), ("Conv1D", "speed", 3)],
)
def test_what_would_be_another_model_is_refused(layer, argument, value):
    model = json.loads(json.dumps(WRITTEN["convolution 1D"]["model"]))
    [config] = [one["config"] for one in model["config"]["layers"] if one["class_name"] == layer]
    config[argument] = value
    with pytest.raises(ModelError, match=f"{layer}.*{argument}"):
        models.build(model, (20, 3))


def test_a_function_that_is_another_one_in_keras_3_is_told_with_who_uses_it():
    recurrent = {"recurrent_activation": "hard_sigmoid", "activation": "tanh", "units": 2}
    inner = {"class_name": "LSTM", "config": {"name": "inner", **recurrent}}
    model = functional(
        ENTRY,
        layer("Bidirectional", "both", ["in", 0, 0, {}], layer=inner),
        layer("Dense", "a/b\a", ["both", 0, 0, {}], units=2, activation="hard_sigmoid"),
        layer("Dense", "out", ["a/b\a", 0, 0, {}], units=2, activation="sigmoid"),
    )
    told = "hard_sigmoid is another function in Keras 3: its slope is 1/6, and was 1/5 in Keras 2."
    assert report(model).remarks == (f"{told} It is used by inner, a_b\N{REPLACEMENT CHARACTER}.",)


@pytest.mark.parametrize("name", WRITTEN)
def test_of_what_is_the_same_in_keras_3_there_is_nothing_to_tell(name):
    assert keras_2.remarks(WRITTEN[name]["model"]) == ()


def test_a_model_of_keras_3_has_the_functions_that_it_means():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "hard_sigmoid")])
    assert keras_2.remarks(json_of(model)) == ()


def functional(*layers: dict[str, Any], ends: str = "out") -> dict[str, Any]:
    """The first of the layers is the input."""
    made = [{"inbound_nodes": [], "name": layer["config"]["name"], **layer} for layer in layers]
    inputs, outputs = [[made[0]["name"], 0, 0]], [[ends, 0, 0]]
    config = {"name": "old", "layers": made, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def layer(kind: str, name: str, *after: list[Any], **config: Any) -> dict[str, Any]:
    nodes = [[list(reference) for reference in after]] if after else []
    return {"class_name": kind, "config": {"name": name, **config}, "inbound_nodes": nodes}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    parts = [{name: one[name] for name in ("class_name", "config")} for one in layers]
    return {"class_name": "Sequential", "config": {"name": f"of_{len(parts)}", "layers": parts}}


ENTRY = layer("InputLayer", "in", batch_input_shape=[None, 5, 4])


@pytest.mark.parametrize("count", [2, 3])
def test_a_layer_is_called_with_a_list_of_what_others_give(count):
    cells = [{"class_name": "GRUCell", "config": {"units": 2}}] * count
    names = [f"state_{at}" for at in range(count)]
    states = [[name, 0, 0] for name in names]
    model = models.build(
        functional(
            ENTRY,
            layer("Flatten", "flat", ["in", 0, 0, {}]),
            *(layer("Dense", name, ["flat", 0, 0, {}], units=2) for name in names),
            layer("RNN", "out", ["in", 0, 0, {"initial_state": states}], cell=cells),
        )
    )
    before = keras.ops.convert_to_numpy(model(np.ones((1, 5, 4))))
    model.get_layer("state_1").bias.assign([5.0, 5.0])
    after = keras.ops.convert_to_numpy(model(np.ones((1, 5, 4))))
    assert not np.allclose(before, after)


def test_an_argument_that_looks_like_a_reference_is_left_as_it_is():
    grid = [[1, 2], [3, 4], [5, 6]]
    model = functional(ENTRY, layer("Flatten", "out", ["in", 0, 0, {"grid": grid}]))
    [call] = keras_2.as_keras_3(model)["config"]["layers"][1]["inbound_nodes"]
    assert call["kwargs"] == {"grid": grid}


def calling(function: str, *nodes: list[Any]) -> dict[str, Any]:
    """A model that calls a function of TensorFlow."""
    called = layer("TFOpLambda", "mean", function=function) | {"inbound_nodes": list(nodes)}
    after = layer("Dense", "out", ["mean", 0, 0, {}], units=2)
    return functional(ENTRY, called, after)


def test_what_a_function_is_called_with_is_what_the_operation_has():
    model = models.build(calling("math.reduce_mean", ["in", 0, 0, {"axis": 1, "name": "of_graph"}]))
    assert model.get_layer("out").kernel.shape == (4, 2)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([["in", 0, 0, {"reduction_indices": 1}]], "math.reduce_mean with reduction_indices"),
        ([["in", 0, 0, {}], ["in", 0, 0, {}]], "'mean' is called 2 times, expected once"),
        ([], "'mean' is called 0 times, expected once"),
    ],
)
def test_a_call_that_would_be_another_one_is_refused(nodes, told):
    with pytest.raises(ModelError, match=told):
        models.build(calling("math.reduce_mean", *nodes))


def test_a_call_where_nothing_says_what_with_is_refused():
    called = {"class_name": "TFOpLambda", "config": {"function": "math.exp"}}
    each = layer("TimeDistributed", "each", layer=called, batch_input_shape=[None, 5, 4])
    with pytest.raises(ModelError, match="TFOpLambda"):
        models.build(sequential(each, layer("Dense", "out", units=2)))


@pytest.mark.parametrize(
    ("reference", "ends"), [(["zzz", 0, 0, {}], "out"), (["in", 0, 0, {}], "zzz")]
)
def test_a_layer_that_is_not_there_is_named(reference, ends):
    with pytest.raises(ModelError) as refused:
        models.build(functional(ENTRY, layer("Flatten", "out", reference), ends=ends))
    assert str(refused.value) == (
        "The model cannot be built: it uses the output of a layer 'zzz', which it does not have."
    )
