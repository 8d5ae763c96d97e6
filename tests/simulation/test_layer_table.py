"""What is told of a model's layers is what Keras says of the same model when it is really made."""

import json
import re
from typing import Any

import keras
import pytest
from keras import layers

from nnt_contract.model_report import LayerReport
from nnt_simulation import models
from nnt_simulation.errors import ModelError
from nnt_simulation.layer_table import report
from tests.conftest import FIXTURES
from tests.simulation.builders import model_json
from tests.simulation.families import FAMILIES

KERAS_2 = json.loads((FIXTURES / "keras_2" / "models.json").read_text())
WRITTEN = {
    **{f"Keras 2: {name}": one["model"] for name, one in KERAS_2.items()},
    "Keras 2: the report's own": json.loads((FIXTURES / "appendix_d_model.json").read_text()),
}


def written(name: str) -> dict[str, Any]:
    found: dict[str, Any] = WRITTEN.get(name) or json.loads(FAMILIES[name]().to_json())
    return found


def parts(model: keras.Model) -> list[Any]:
    """The rows of the table that Keras prints."""
    return list(model.layers if isinstance(model, keras.Sequential) else model.operations)


def summary(model: keras.Model) -> dict[str, int]:
    """What stands below the table that Keras prints."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    found = re.findall(r"(\w\S*) params: ([\d,]+)", "\n".join(lines))
    return {kind: int(number.replace(",", "")) for kind, number in found}


@pytest.mark.parametrize("name", [*WRITTEN, *FAMILIES])
def test_numbers_are_those_of_keras_own_summary(name):
    model = written(name)
    told, real = report(model), models.build(model)
    assert told.parameters == summary(real)["Total"]
    assert told.trainable == summary(real)["Trainable"]
    assert (told.input, told.output) == (real.input_shape, real.output_shape)
    assert [(one.name, one.type, one.parameters) for one in told.layers if one.depth == 0] == [
        (one.name, type(one).__name__, one.count_params() if isinstance(one, keras.Layer) else 0)
        for one in parts(real)
    ]


@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_are_those_that_layers_have(name):
    model = written(name)
    told, real = report(model), models.build(model)
    for one, layer in zip((one for one in told.layers if not one.depth), parts(real), strict=True):
        outputs = layer._inbound_nodes[-1].output_tensors
        assert set(one.outputs or ()) >= {tuple(tensor.shape) for tensor in outputs}


@pytest.mark.parametrize("name", ["ConvNeXtTiny", "InceptionResNetV2", "MobileNetV3Small"])
def test_models_that_come_with_keras_are_told(name):
    """Of which these have layers of their own, and calls of operations."""
    model = getattr(keras.applications, name)(weights=None)
    told = report(json.loads(model.to_json()))
    assert (told.parameters, told.output) == (model.count_params(), (None, 1000))


def test_a_chain_of_a_thousand_layers_is_told():
    one = keras.Input((1,))
    last = one
    for _ in range(1_200):
        last = layers.ReLU()(last)
    model = keras.Model(one, layers.Dense(1)(last))
    assert len(report(json.loads(model.to_json())).layers) == 1_202


def inside(told: tuple[LayerReport, ...]) -> list[tuple[int, str, int | None]]:
    return [(one.depth, one.type, one.parameters) for one in told]


def test_layers_of_models_and_wrappers_stand_below_them():
    inner = keras.Sequential([keras.Input((6, 4)), layers.Dense(3, name="deep")], name="inner")
    cells = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)])
    told = report(
        model_json(
            inner,
            layers.TimeDistributed(layers.Dense(2)),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
            cells,
            inputs=(6, 4),
        )
    )
    assert inside(told.layers) == [
        (0, "Sequential", 15),
        (1, "Dense", 15),
        (0, "TimeDistributed", 8),
        (1, "Dense", 8),
        (0, "Bidirectional", 80),
        (1, "LSTM", 40),
        (1, "LSTM", 40),
        (0, "RNN", 119),
        (1, "StackedRNNCells", 119),
        (2, "LSTMCell", 56),
        (2, "GRUCell", 63),
    ]
    assert told.layers[1].outputs == ((None, 6, 3),)
    assert told.layers[3].outputs is None


def test_a_layer_with_several_outputs_has_the_shape_of_each():
    rows = keras.Input((6, 4))
    last, hidden, cell = layers.LSTM(3, return_state=True, return_sequences=True)(rows)
    added = layers.Add()([layers.GlobalMaxPooling1D()(last), hidden, cell])
    told = report(json.loads(keras.Model(rows, layers.Dense(1)(added)).to_json()))
    [lstm] = [one for one in told.layers if one.type == "LSTM"]
    assert lstm.outputs == ((None, 6, 3), (None, 3), (None, 3))


def test_what_is_shared_counts_once_and_shows_each_of_its_shapes():
    rows, shared = keras.Input((6, 4)), layers.Dense(4, name="shared")
    twice = layers.Concatenate(axis=1)([shared(rows), rows])
    pooled = shared(layers.GlobalMaxPooling1D()(twice))
    told = report(json.loads(keras.Model(rows, pooled).to_json()))
    [one] = [one for one in told.layers if one.name == "shared"]
    assert one.outputs == ((None, 6, 4), (None, 4))
    assert told.parameters == one.parameters == 20


def test_what_is_not_trained_is_told_apart():
    frozen = layers.Dense(3, trainable=False)
    told = report(model_json(frozen, layers.BatchNormalization(), layers.Dense(1), inputs=(4,)))
    assert [(one.parameters, one.trainable) for one in told.layers] == [(15, 0), (12, 6), (4, 4)]
    assert (told.parameters, told.trainable, told.bytes) == (31, 10, 124)


def test_a_model_that_leaves_its_input_open_is_told_as_far_as_that_goes():
    told = report(json.loads(keras.Sequential([layers.Dense(2), layers.Dense(1)]).to_json()))
    assert [(one.type, one.outputs, one.parameters) for one in told.layers] == [
        ("Dense", None, None)
    ] * 2
    assert (told.input, told.output, told.parameters, told.problem) == (None, None, None, "")


def test_a_model_of_a_million_million_parameters_is_told_and_not_made():
    model = model_json(layers.Dense(9, name="wide"), layers.Dense(1), inputs=(9,))
    _, wide, _ = model["config"]["layers"]
    wide["config"]["units"] = 10**11
    for one in (model, *model["config"]["layers"]):
        one.pop("build_config", None)
    told = report(model)
    assert told.parameters == 10 * 10**11 + 10**11 + 1
    assert "4,097.8 GiB of memory, and the machine has" in told.problem
    assert len(told.layers) == 2
    with keras.StatelessScope():  # at whose end Keras makes what was left to be made
        pass


def test_a_layer_that_makes_values_at_once_is_told_too():
    stateful = layers.LSTM(3, stateful=True)
    model = keras.Sequential([keras.Input((6, 4), batch_size=2), stateful, layers.Dense(1)])
    told = report(json.loads(model.to_json()))
    assert (told.parameters, told.output) == (100, (2, 1))


def test_what_cannot_be_built_is_told_as_the_training_does():
    model = model_json(layers.Dense(3, name="out"), inputs=(4,))
    model["config"]["layers"][1]["config"]["units"] = -3
    with pytest.raises(ModelError) as told:
        report(model)
    with pytest.raises(ModelError) as trained:
        models.build(model, (4,))
    assert str(told.value) == str(trained.value)
    assert "in Dense 'out'" in str(told.value)
