"""What a model takes and gives, told of its JSON without Keras; tests/simulation does so beside Keras."""

import json
from typing import Any

import pytest

from nnt_contract import model_shape
from nnt_contract.keras_model import sentences
from tests.conftest import FIXTURES


def layer(kind: str = "Dense", **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


def sequential(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [*layers], **config}}


def listed(*layers: Any) -> dict[str, Any]:
    """As Keras 2 wrote it before 2.2.3."""
    return {"class_name": "Sequential", "config": [*layers], "keras_version": "2.1.6"}


def functional(
    *inputs: dict[str, Any], input_layers: Any = None, output_layers: Any = None
) -> dict[str, Any]:
    ends = {
        "input_layers": input_layers or [["in", 0, 0]],
        "output_layers": output_layers or [["dense", 0, 0]],
    }
    return {"class_name": "Functional", "config": {"layers": [*inputs, layer()], **ends}}


def input_layer(name: str = "in", **config: Any) -> dict[str, Any]:
    return layer("InputLayer", **({"batch_input_shape": [None, 4]} | config), name=name)


def told(model: dict[str, Any]) -> list[str]:
    return sentences(model_shape.problems(model))


def test_the_reports_own_model_takes_images():
    report = json.loads((FIXTURES / "appendix_d_model.json").read_text())
    assert model_shape.row_shape(report) == (28, 28)
    assert model_shape.problems(report) == []


@pytest.mark.parametrize(
    "model",
    [
        sequential(layer("InputLayer", batch_shape=[None, 4]), layer()),
        sequential(layer("InputLayer", batch_input_shape=[None, 4]), layer()),
        sequential(layer("InputLayer", batch_shape=[32, 4]), layer()),
        sequential(layer("InputLayer", shape=[4]), layer()),
        sequential(layer(batch_input_shape=[None, 4]), layer()),
        sequential(layer("Bidirectional", batch_input_shape=[None, 4])),
        sequential(layer(input_shape=[4])),
        sequential(layer(), build_input_shape=[None, 4]),
        sequential(layer()) | {"build_config": {"input_shape": [None, 4]}},
        sequential(sequential(layer(batch_input_shape=[None, 4])), layer()),
        sequential(functional(input_layer()), layer()),
        listed(layer(batch_input_shape=[None, 4]), layer()),
        listed(input_layer(), layer()),
        listed(listed(layer(batch_input_shape=[None, 4])), layer()),
        functional(input_layer()),
        functional(layer("InputLayer", batch_shape=[None, 9]), input_layer()),
        functional(input_layer(), input_layers=["in", 0, 0]),
        functional(input_layer(), input_layers={"features": ["in", 0, 0]}),
        functional(input_layer(batch_input_shape=None, batch_shape=[None, 4])),
    ],
)
def test_a_row_has_the_shape_that_the_model_says(model):
    assert model_shape.row_shape(model) == (4,)


def test_any_size_is_none():
    model = sequential(layer("InputLayer", batch_shape=[None, None, 28, 3]))
    assert model_shape.row_shape(model) == (None, 28, 3)


@pytest.mark.parametrize(
    "model",
    [
        sequential(),
        sequential(layer()),
        sequential(None, 3),
        listed(),
        listed(layer()),
        sequential(layer("InputLayer", batch_shape=[None, -4])),
        sequential(layer("InputLayer", batch_shape=[None, True])),
        sequential(layer("InputLayer", batch_shape="(None, 4)")),
        sequential(layer("InputLayer", batch_shape=[None, 4.5])),
        sequential(layer("InputLayer", batch_shape=[])),
        sequential(sequential(layer())),
        sequential(layer(), input_layer()),
        functional(),
        functional(input_layer(), input_layer()),
        functional(input_layer(), input_layers=[["another", 0, 0]]),
        functional(input_layer(), input_layers="in"),
        functional(input_layer(), input_layer("b"), input_layers=[["in", 0, 0], ["b", 0, 0]]),
        {"class_name": "Sequential"},
        {"class_name": "Functional", "config": []},
        {},
    ],
)
def test_what_the_model_leaves_open_or_says_in_other_words_is_not_guessed(model):
    assert model_shape.row_shape(model) is None


@pytest.mark.parametrize(
    ("input_layers", "output_layers"),
    [
        ([["in", 0, 0]], [["dense", 0, 0]]),
        (["in", 0, 0], ["dense", 0, 0]),
        ({"features": ["in", 0, 0]}, {"labels": ["dense", 0, 0]}),
    ],
)
def test_one_input_and_one_output_are_what_datasets_have(input_layers, output_layers):
    model = functional(input_layer(), input_layers=input_layers, output_layers=output_layers)
    assert model_shape.problems(model) == []
    assert model_shape.problems(sequential(layer(), layer())) == []


@pytest.mark.parametrize(
    "ends",
    [
        [["a", 0, 0], ["b", 1, 2]],
        [["a", 0, 0], [["b", 0, 0]]],
        {"first": ["a", 0, 0], "second": ["b", 0, 0]},
    ],
)
def test_several_inputs_and_outputs_are_refused_with_their_names(ends):
    inputs, outputs = told(functional(input_layers=ends, output_layers=ends))
    assert inputs == (
        "config.input_layers: expected one input, as datasets have one array of features and one of labels,"
        " received 2 inputs: 'a', 'b'."
    )
    assert outputs == (
        "config.output_layers: expected one output, as datasets have one array of features and one of labels,"
        " received 2 outputs: 'a', 'b'."
    )


def test_the_same_output_twice_is_two():
    assert len(told(functional(output_layers=[["a", 0, 0], ["a", 0, 0]]))) == 1


def test_models_at_the_ends_of_a_model_have_its_inputs_and_outputs():
    two = [["a", 0, 0], ["b", 0, 0]]
    both = functional(input_layers=two, output_layers=two)
    assert [problem.field for problem in model_shape.problems(sequential(both, layer()))] == [
        "config.layers[0].config.input_layers"
    ]
    assert [problem.field for problem in model_shape.problems(listed(both, layer()))] == [
        "config[0].config.input_layers"
    ]
    nested = sequential(layer(), sequential(layer(), layer(), both))
    assert [problem.field for problem in model_shape.problems(nested)] == [
        "config.layers[1].config.layers[2].config.output_layers"
    ]
    assert told(sequential(layer(), both, layer())) == []


@pytest.mark.parametrize("empty", [sequential(), {"class_name": "Functional", "config": {}}])
def test_without_layers_there_is_nothing_to_train(empty):
    assert told(empty) == ["config.layers: expected at least one layer, received none."]
    assert told(listed()) == ["config: expected at least one layer, received none."]


def test_very_many_outputs_are_told_in_short():
    (sentence,) = told(functional(output_layers=[["x" * 1000, 0, 0]] * 900))
    assert "received 900 outputs" in sentence
    assert len(sentence) < 1200
