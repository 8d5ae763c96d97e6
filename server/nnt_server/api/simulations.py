"""Simulations: which there are, how they are, and what is wanted of them."""

from typing import Annotated
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from nnt_contract.status import Command
from nnt_contract.status import Status as SimulationStatus
from nnt_server.api import schemas
from nnt_server.api.application import may_answer, user_of
from nnt_server.api.schemas import (
    Event,
    SimulationDetails,
    SimulationPage,
    SimulationState,
    text,
)
from nnt_server.simulations import selectors, services
from nnt_server.simulations.models import Simulation, SimulationEvent
from nnt_server.simulations.selectors import Filters

_MAX_OFFSET = 10**9

router = Router(tags=["simulations"])


@router.get("/simulations", response=may_answer({200: SimulationPage}, 401, 422))
def list_simulations(
    request: HttpRequest,
    name: Annotated[str, text("a part of the name, in capitals or not")] = "",
    status: Annotated[SimulationStatus | None, Query(description="exactly this status")] = None,
    tag: Annotated[str, text("the name of a tag")] = "",
    owner: Annotated[str, text("for administrators: whose")] = "",
    experiment: Annotated[UUID | None, Query(description="of this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=_MAX_OFFSET)] = 0,
) -> SimulationPage:
    """The simulations, the newest first, a page at a time."""
    filters = Filters(name, status, tag, owner, experiment)
    found = selectors.newest_first(user_of(request), filters)
    page = found.prefetch_related("tags")[offset : offset + limit]
    return SimulationPage(
        total=found.count(),
        limit=limit,
        offset=offset,
        items=[schemas.summary(simulation) for simulation in page],
    )


@router.get("/simulations/{uuid:sim_id}", response=may_answer({200: SimulationDetails}, 401, 404))
def get_simulation(request: HttpRequest, sim_id: UUID) -> SimulationDetails:
    """One simulation: how it is, how far it is, and its configuration."""
    return schemas.details(get_object_or_404(selectors.with_details(user_of(request)), id=sim_id))


@router.get("/simulations/{uuid:sim_id}/events", response=may_answer({200: list[Event]}, 401, 404))
def list_events(request: HttpRequest, sim_id: UUID) -> QuerySet[SimulationEvent]:
    """What was asked of it, what became of it and why, the newest first."""
    return selectors.history(named(request, sim_id))


@router.post(
    "/simulations/{uuid:sim_id}/{command:command}",
    response=may_answer({202: SimulationState}, 401, 403, 404, 409),
)
def command_simulation(
    request: HttpRequest, sim_id: UUID, command: Command
) -> Status[SimulationState]:
    """Asks for it. Its status follows within seconds; what makes no sense now is 409, with the reason."""
    found = named(request, sim_id)
    services.command(found, command, user_of(request))
    return Status(202, _state(request, sim_id))


@router.delete(
    "/simulations/{uuid:sim_id}", response=may_answer({202: SimulationState}, 401, 403, 404)
)
def delete_simulation(request: HttpRequest, sim_id: UUID) -> Status[SimulationState]:
    """Ends it if need be, and removes everything that was collected of it."""
    found = named(request, sim_id)
    now = _state(request, sim_id)
    services.ask_to_delete(found, user_of(request))
    return Status(202, now.model_copy(update={"wanted": "deleted"}))


def named(request: HttpRequest, sim_id: UUID) -> Simulation:
    """The simulation, or 404 where there is none that this user may see."""
    return get_object_or_404(selectors.states(user_of(request)), id=sim_id)


def _state(request: HttpRequest, sim_id: UUID) -> SimulationState:
    visible = selectors.states(user_of(request)).only("name", "status", "wanted", "reason")
    return schemas.state(get_object_or_404(visible, id=sim_id))
