"""Schemathesis makes up requests from our own description: none breaks the API, every answer is as described."""

from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nnt_contract.status import Status, Wanted
from nnt_server.accounts.tokens import create_token
from nnt_server.simulations.models import Tag
from tests.server.api.conftest import insert, weights_arrive
from tests.server.conftest import Visitor, a_simulation, arrives, unknown
from tests.server.test_records import ENVIRONMENT, EVALUATION, TRAINED, tells

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 12


@pytest.fixture
def simulations(alice: Visitor, doorbell) -> list[UUID]:
    """What the made-up requests find: in several states, with every kind of what is collected; one not theirs."""
    doorbell.log = "Epoch 1\n" * 3
    made = [
        a_simulation(alice.user, "running", status=Status.RUNNING),
        a_simulation(alice.user, "paused", status=Status.PAUSED, wanted=Wanted.PAUSED),
        a_simulation(alice.user, "failed", status=Status.FAILED, reason="it broke"),
    ]
    for simulation in made:
        simulation.tags.add(Tag.objects.get_or_create(owner=alice.user, name="tag")[0])
        arrives(simulation, 0, float("nan"), 0.5, float("inf"), None)
        weights_arrive(simulation, 0, [0.0, float("nan"), 2.0, 3.0], [2, 2], layer=(0, "0"))
        insert("extra_metrics", (simulation.id, 0, "2026-01-01", "kl", float("-inf")))
        row = (
            *(simulation.id, -1, "2026-01-01", 1, "dense", "kernel", [2, 2]),
            *(0.5, 0.1, 0.0, 1.0, 2.0, 1, 0, 0, None, None, 0, [0] * 64),
        )
        insert("weight_statistics", row)
        tells(simulation, ENVIRONMENT, EVALUATION, TRAINED)
    return [*(simulation.id for simulation in made), unknown()]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.timeout(120)
def test_made_up_requests_are_answered_as_described(alice, simulations, mode):
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", WSGIHandler())
    headers = {"Authorization": f"Bearer {create_token(alice.user, 'schemathesis')}"}
    seen = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        seen.add(operation.path)
        answers_of(operation.as_strategy(generation_mode=mode), simulations, headers)
    assert len(seen) > 10


def answers_of(cases: st.SearchStrategy[Case[Any]], simulations: list[UUID], headers) -> None:
    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, sim_id=st.sampled_from(simulations), is_there=st.booleans())
    def ask(case: Case[Any], sim_id: UUID, is_there: bool) -> None:
        if "sim_id" in (case.path_parameters or {}):
            case.path_parameters["sim_id"] = str(sim_id)
        if "variable" in (case.query or {}) and is_there:
            case.query.update(layer="0", variable="kernel", epoch=0)
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
