"""A model of each family of layers is trained for an epoch, from its JSON to its end."""

import json

import numpy as np
import pytest

from nnt_contract.environment import EXIT_FINISHED, MODEL
from nnt_contract.simulation_config import KerasChoice
from tests.simulation.builders import make_run, run_attempt
from tests.simulation.families import FAMILIES

ROWS = 8


@pytest.mark.parametrize("name", FAMILIES)
def test_it_is_trained_to_its_end(tmp_path, parser, name):
    model = FAMILIES[name]()
    random = np.random.default_rng(0)
    outputs = model.output_shape[1:]
    arrays = {
        "x": random.integers(0, 2, (ROWS, *model.input_shape[1:])).astype("float32"),
        "y": random.normal(size=(ROWS, *outputs)).astype("float32"),
    }
    loss = KerasChoice(name="MeanSquaredError")
    make_run(
        tmp_path, model=json.loads(model.to_json()), data=arrays, loss_function=loss, total_epochs=1
    )
    assert run_attempt(tmp_path, parser.url) == EXIT_FINISHED
    assert (tmp_path / MODEL).exists()
