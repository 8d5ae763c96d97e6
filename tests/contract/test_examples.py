"""Every message has a golden example, and the examples are what the messages read and write."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from nnt_contract.data_report import DataReport
from nnt_contract.errors import ErrorBody, contract_error
from nnt_contract.log_part import LogPart
from nnt_contract.model_report import ModelProblem, ModelReport
from nnt_contract.orders import LaunchOrder
from nnt_contract.simulation_config import Configuration, SimulationRun
from nnt_contract.updates import Collection, Failure, Finish
from tests.conftest import ROOT

EXAMPLES = ROOT / "contract" / "examples"
MESSAGES: dict[str, type[BaseModel]] = {
    "collection": Collection,
    "configuration": Configuration,
    "data_report": DataReport,
    "error_body": ErrorBody,
    "failure": Failure,
    "finish": Finish,
    "launch_order": LaunchOrder,
    "log_part": LogPart,
    "model_problem": ModelProblem,
    "model_report": ModelReport,
    "simulation_run": SimulationRun,
}


def test_every_message_has_an_example_and_every_example_a_message():
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_an_example_survives_the_round_trip(name):
    text = (EXAMPLES / f"{name}.json").read_text()
    message = MESSAGES[name].model_validate_json(text)
    assert json.loads(message.model_dump_json()) == json.loads(text)


@pytest.mark.parametrize("name", MESSAGES)
def test_an_unknown_field_is_refused_by_its_name(name):
    message = json.loads((EXAMPLES / f"{name}.json").read_text()) | {"epohc": 3}
    with pytest.raises(ValidationError) as caught:
        MESSAGES[name].model_validate_json(json.dumps(message))
    assert [field.field for field in contract_error(name, caught.value).body.fields] == ["epohc"]
