"""Models that Keras 2 wrote are the models that it meant: see tests/fixtures/keras_2/make.py."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from nnt_contract import keras_model
from nnt_simulation import models
from nnt_simulation.errors import ModelError
from tests.conftest import ROOT

WRITTEN = json.loads((ROOT / "tests" / "fixtures" / "keras_2" / "models.json").read_text())


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
@pytest.mark.parametrize("rewritten", [dict, as_first_versions_wrote])
def test_it_has_the_same_weights_and_predicts_the_same(name, rewritten):
    made = WRITTEN[name]
    tolerance = 2e-3 if name == "mixed precision" else 1e-4
    np.testing.assert_allclose(
        predicted(rewritten(made["model"]), made["rows"]),
        made["predicted"],
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("name", WRITTEN)
def test_it_can_be_trained(name):
    model = models.build(WRITTEN[name]["model"], tuple(WRITTEN[name]["rows"][1:]))
    model.compile("sgd", "mse")
    before = [variable.numpy().copy() for variable in model.trainable_variables]
    model.fit(np.ones(WRITTEN[name]["rows"]), np.array(WRITTEN[name]["predicted"]) + 1, verbose=0)
    after = [variable.numpy() for variable in model.trainable_variables]
    assert not all(map(np.array_equal, before, after))


@pytest.mark.parametrize(
    "name",
    [name for name, one in WRITTEN.items() if one["model"]["class_name"] == "Sequential"],
)
def test_the_first_layer_may_know_the_input(name):
    made = WRITTEN[name]
    model = without_its_input_layer(as_first_versions_wrote(made["model"]))
    tolerance = 2e-3 if name == "mixed precision" else 1e-4
    np.testing.assert_allclose(
        predicted(model, made["rows"]), made["predicted"], rtol=tolerance, atol=tolerance
    )


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
