"""What a model's JSON may name, told without Keras."""

import json
from typing import Any

import pytest

from nnt_contract import keras_model
from nnt_contract.simulation_config import SimulationRun
from tests.conftest import FIXTURES, ROOT

EXAMPLES = ROOT / "contract" / "examples"


def model(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [*layers], **config}}


def listed(*layers: Any) -> dict[str, Any]:
    """As Keras 2 wrote it before 2.2.3."""
    return {"class_name": "Sequential", "config": [*layers]}


def dense(**config: Any) -> dict[str, Any]:
    """As Keras 3 writes it."""
    config = {"name": "out", "units": 3, "activation": "relu", **config}
    return {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": config,
        "registered_name": None,
    }


def function(name: object, module: object = "builtins", registered: object = "function") -> Any:
    return {
        "class_name": "function",
        "module": module,
        "config": name,
        "registered_name": registered,
    }


def told(checked: object) -> str:
    return " ".join(keras_model.sentences(keras_model.problems(checked)))


def test_the_reports_own_model_passes():
    report = json.loads((FIXTURES / "appendix_d_model.json").read_text())
    assert keras_model.problems(report) == []


def call(of: object) -> dict[str, Any]:
    """Of a function of TensorFlow, as Keras 2 writes one."""
    return {"class_name": "TFOpLambda", "config": {"name": "call", "function": of}}


@pytest.mark.parametrize(
    "layer",
    [
        dense(),
        dense(activation=None),
        dense(activation=function("gelu")),
        dense(kernel_initializer="he_normal", kernel_regularizer="l2"),
        dense(kernel_initializer={"class_name": "Zeros", "config": {}}),
        dense(dtype="mixed_bfloat16"),
        {"class_name": "LSTM", "config": {"units": 3, "recurrent_activation": "sigmoid"}},
        {"class_name": "Bidirectional", "config": {"layer": {"class_name": "GRU", "config": {}}}},
        model(dense()),
        listed(dense()),
        {"class_name": "TimeDistributed", "config": {"layer": listed(dense(), listed(dense()))}},
        dense() | {"build_config": {"input_shape": [None, 4]}, "shared_object_id": 5},
        dense() | {"inbound_nodes": [{"args": [{"class_name": "__slice__", "config": {}}]}]},
        call("math.reduce_mean"),
        call("__operators__.getitem") | {"class_name": "SlicingOpLambda"},
        {"class_name": "LayerScale", "config": {"init_values": 0.1, "projection_dim": 3}},
    ],
)
def test_what_keras_writes_passes(layer):
    assert keras_model.problems(model(layer)) == []


@pytest.mark.parametrize(
    ("layer", "place", "expected", "received"),
    [
        (dense(activation="os.system"), ".config.activation", "an activation", "'os.system'"),
        (dense(activation=function("system", "os")), ".config.activation", "an activation", "'os'"),
        (dense(activation=function("relu", "os")), ".config.activation", "an activation", "'os'"),
        (dense(activation=function("deserialize")), ".activation", "activation", "'deserialize'"),
        (dense(activation=function("relu", registered="a>b")), ".activation", "activ", "'a>b'"),
        (dense(activation=dense() | {"class_name": "Adam"}), ".activation", "activ", "'Adam'"),
        (dense(kernel_initializer="eval"), ".config.kernel_initializer", "an initializer", "eval"),
        (dense(kernel_initializer=dense()), ".kernel_initializer", "an initializer", "'Dense'"),
        (dense(bias_regularizer=["l2", "rm"]), ".bias_regularizer[1]", "a regularizer", "'rm'"),
        (dense(kernel_constraint=3), ".config.kernel_constraint", "a constraint", "3"),
        (dense(dtype="S1000000000"), ".config.dtype", "a data type", "'S1000000000'"),
        (dense(dtype={"name": "float32"}), ".config.dtype", "a data type", "an object with 'name'"),
        (dense() | {"registered_name": "a>b"}, "", "without a registered name", "as 'a>b'"),
        (dense() | {"module": "os"}, "", "a layer of Keras", "'Dense' of the module 'os'"),
        (
            dense() | {"class_name": "TFSMLayer"},
            "",
            "it loads a program from a folder",
            "TFSMLayer",
        ),
        (call("io.read_file"), ".config.function", "functions of TensorFlow", "'io.read_file'"),
        (call("math.reduce_men"), ".config.function", "near to it: math.reduce_m", "reduce_men"),
        (call(["math.exp"]), ".config.function", "functions of TensorFlow", "a list"),
        (call("math.exp") | {"module": "os"}, "", "a layer of Keras", "of the module 'os'"),
        (dense() | {"class_name": "Dens"}, "", "(near to it: Dense)", "'Dens'"),
        (dense() | {"class_name": "Convolution"}, "", "Conv", "'Convolution'"),
        (dense() | {"class_name": ["Dense"]}, "", "texts as “class_name”", "something else"),
        (dense() | {"config": "system"}, "", "an object under “config”", "'system'"),
        (dense(note={"module": "os"}), ".config.note", "a “class_name” beside", "none"),
        (dense(note=[{"class_name": "popen"}]), ".config.note[0]", "an object of Keras", "'popen'"),
        (dense(note={"class_name": "__lambda__", "config": {}}), ".note", "object", "__lambda__"),
        (dense(name="x" * 201), ".config.name", "at most 200 characters", "one of 201"),
        (dense(loss={"out": "mse", "b": "eval"}), ".config.loss.b", "a loss", "'eval'"),
        ("Dense", "", "an object, a layer of Keras", "'Dense'"),
        (None, "", "an object, a layer of Keras", "null"),
        (7, "", "an object, a layer of Keras", "7"),
        ([dense()], "", "an object, a layer of Keras", "a list"),
    ],
)
def test_anything_else_is_refused_with_its_place(layer, place, expected, received):
    (problem,) = keras_model.problems(model(dense(name="first"), layer))
    where, _, inside = problem.field.partition(" (in ")
    assert where.startswith("config.layers[1]") and where.endswith(place)
    assert inside.startswith(("Dense '", "TFOpLambda '")) == (".config" in where)
    assert expected in problem.expected
    assert problem.received and received in problem.received


@pytest.mark.parametrize(
    ("layer", "place", "received"),
    [
        (dense(activation="eval"), "config[1].config.activation (in Dense 'out')", "'eval'"),
        (dense() | {"module": "os"}, "config[1]", "'Dense' of the module 'os'"),
        ({"class_name": "Adam", "config": {}}, "config[1]", "'Adam'"),
        (None, "config[1]", "null"),
        ("Dense", "config[1]", "'Dense'"),
        ({"class_name": "Lambda", "config": [dense()]}, "config[1]", "'Lambda'"),
        ({"class_name": "Dense", "config": [dense()]}, "config[1]", "a list"),
        (
            {"class_name": "RNN", "config": {"cell": listed(dense(activation="eval"))}},
            "config[1].config.cell.config[0].config.activation (in Dense 'out')",
            "'eval'",
        ),
    ],
)
def test_a_list_of_layers_is_looked_through_like_any_other(layer, place, received):
    (problem,) = keras_model.problems(listed(dense(), layer))
    assert (problem.field, problem.received) == (place, received)


def test_layers_in_lists_are_counted_too():
    half = [dense()] * (keras_model.MAX_LAYERS // 2)
    assert keras_model.problems(listed(listed(*half[1:]), *half)) == []
    assert "at most 3000 layers" in told(listed(listed(*half), *half))


def test_only_a_sequential_model_may_be_a_list_of_layers():
    functional = {"class_name": "Model", "config": [dense()]}
    assert told(functional) == "the model: expected an object under “config”, received a list."


def test_how_a_model_was_compiled_is_looked_through_too():
    compiled = model(dense()) | {
        "compile_config": {
            "optimizer": {"module": "os", "class_name": "system", "config": {}},
            "loss": function("system", "os", "system"),
            "metrics": ["accuracy", "exec"],
        }
    }
    assert [problem.field for problem in keras_model.problems(compiled)] == [
        "compile_config.optimizer",
        "compile_config.loss",
        "compile_config.metrics[1]",
    ]


@pytest.mark.parametrize("no_model", [None, 5, "Sequential", [], [model()], {}, dense()])
def test_what_is_no_model_is_told(no_model):
    assert told(no_model).startswith("the model: expected a Sequential or Functional model")


def test_layers_are_counted_with_those_of_nested_models():
    half = [dense()] * (keras_model.MAX_LAYERS // 2)
    assert keras_model.problems(model(model(*half[1:]), *half)) == []
    assert "expected at most 3000 layers" in told(model(model(*half), *half))


def test_depth_is_told_however_deep_it_is():
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": [deep]}
    assert "expected nesting of at most 100 levels" in told(model(deep=deep))
    while deep:  # taken apart by hand: Python would do so with a call for each level
        deep = deep["a"].pop()


def test_what_is_deep_but_not_too_deep_is_understood_by_every_reader():
    deep: Any = {}
    for _ in range(keras_model.MAX_DEPTH - 3):
        deep = {"a": deep}
    checked = model(deep=deep)
    assert keras_model.problems(checked) == []
    example = json.loads((EXAMPLES / "simulation_run.json").read_text()) | {"model": checked}
    assert SimulationRun.model_validate_json(json.dumps(example)).model == checked


def test_very_many_values_are_too_many():
    assert "at most 1000000 values" in told(model(many=[0] * 1_000_001))


def test_not_more_than_twenty_problems_are_told():
    wrong = model(*[dense(activation="eval")] * 50)
    assert len(keras_model.problems(wrong)) == keras_model.MAX_PROBLEMS


def test_what_was_received_is_told_in_short():
    (problem,) = keras_model.problems(model(dense(activation="x" * 10**6)))
    assert len(problem.received or "") < 200
    (problem,) = keras_model.problems(model(**{"k" * 10**6: {"module": "os"}}))
    assert len(problem.field) < 200
