"""Everything that reads simulations, and who may see them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from nnt_contract.status import Status
from nnt_server.accounts.models import User
from nnt_server.simulations.models import (
    DataInspection,
    DatasetFetch,
    Experiment,
    Simulation,
    SimulationEvent,
)
from nnt_server.simulations.wait import Wait

_EPOCH_VALUES = """
    SELECT epoch, "time", loss, accuracy, val_loss, val_accuracy FROM epoch_values(%s)
"""

_COLLECTED_BYTES = "SELECT collected_bytes(%s)"
_QUEUE = "SELECT sim_id, place FROM simulation_queue()"

# How often a page asks again, by how long ago anything changed that it shows.
_POLL_SECONDS = (
    (timedelta(minutes=2), 1),
    (timedelta(minutes=20), 5),
    (timedelta.max, 15),
)
_POLL_SECONDS_RESTING = 15  # somebody else may act
_POLL_SECONDS_MEASURED = 5  # what a process uses, or is waited for, changes all the time


class Filters(NamedTuple):
    """Which simulations of a list are meant; None and the empty text are no restriction."""

    name: str = ""  # a part of it, in capitals or not
    status: Status | None = None
    tag: str = ""
    owner: str = ""
    experiment: UUID | None = None


_ALL = Filters()


class EpochValues(NamedTuple):
    epoch: int
    time: datetime
    loss: float | None
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None


def simulations_visible_to(user: User) -> QuerySet[Simulation]:
    """Here, and nowhere else, it is decided who may see what: the owner, and administrators."""
    everything = Simulation.objects.all()
    return everything if user.is_staff else everything.filter(owner=user)


def states(user: User) -> QuerySet[Simulation]:
    """What they are called and how they are, without what they are made of."""
    return simulations_visible_to(user).only(
        "name", "status", "wanted", "wanted_at", "status_changed_at"
    )


def newest_first(user: User, filters: Filters = _ALL) -> QuerySet[Simulation]:
    """What the list shows, without the models, which may be megabytes each."""
    return (
        _filtered(simulations_visible_to(user), filters)
        .select_related("owner", "progress", "usage")
        .defer("model", "handle")
        .order_by("-created_at", "id")
    )


def _filtered(simulations: QuerySet[Simulation], filters: Filters) -> QuerySet[Simulation]:
    if filters.name:
        simulations = simulations.filter(name__icontains=filters.name)
    if filters.status is not None:
        simulations = simulations.filter(status=filters.status.value)
    if filters.tag:
        # Not a join: somebody who sees everything may see two tags of one name.
        tagged = Simulation.tags.through.objects.filter(tag__name=filters.tag)
        simulations = simulations.filter(id__in=tagged.values("simulation_id"))
    if filters.owner:
        simulations = simulations.filter(owner__username=filters.owner)
    if filters.experiment is not None:
        simulations = simulations.filter(experiment_id=filters.experiment)
    return simulations


def experiment(user: User, filters: Filters) -> Experiment | None:
    """The one whose simulations are meant, if the user may see any of them."""
    if filters.experiment is None:
        return None
    seen = simulations_visible_to(user).filter(experiment_id=filters.experiment)
    return Experiment.objects.filter(id__in=seen.values("experiment_id")).first()


def with_details(user: User) -> QuerySet[Simulation]:
    """What the page of a simulation shows; its model is read when it is asked for."""
    return (
        simulations_visible_to(user)
        .select_related(
            "owner",
            "progress",
            "usage",
            "experiment__train_dataset",
            "experiment__validation_dataset",
            "experiment__test_dataset",
            "experiment__data_inspection",
            "experiment__model_inspection",
        )
        .prefetch_related("tags", "experiment__fetches")
        .defer("model", "handle", "experiment__model_inspection__model")
    )


def epoch_values(simulation: Simulation) -> list[EpochValues]:
    """Loss and accuracy of every collected epoch, in the order of epochs."""
    with connection.cursor() as cursor:
        cursor.execute(_EPOCH_VALUES, [simulation.id])
        return [EpochValues(*row) for row in cursor.fetchall()]


def collected_bytes(simulation: Simulation) -> int:
    """How many bytes of weights were collected of it: what deleting it gives back."""
    with connection.cursor() as cursor:
        cursor.execute(_COLLECTED_BYTES, [simulation.id])
        return int(cursor.fetchone()[0])


def note_places(simulations: Iterable[Simulation]) -> None:
    """Tells those of them that wait for their turn which place in the queue they have."""
    waiting = [simulation for simulation in simulations if simulation.is_waiting]
    if not waiting:
        return
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE)
        places = dict(cursor.fetchall())
    for simulation in waiting:
        simulation.place = places.get(simulation.id)


def note_waits(simulations: Iterable[Simulation]) -> None:
    """Tells those of them that wait for something, and so have no place yet, what that is."""
    waiting = [one for one in simulations if one.is_waiting and one.place is None]
    if not waiting:
        return
    experiments = {one.experiment_id for one in waiting}
    fetches = DatasetFetch.objects.filter(experiment_id__in=experiments, fetched_at=None)
    # Data that are still to come are not inspected yet.
    inspections = DataInspection.objects.filter(
        experiment_id__in=experiments - {fetch.experiment_id for fetch in fetches}, finished_at=None
    ).defer("report")
    models = (
        Experiment.objects.filter(id__in=experiments, model_inspection__finished_at=None)
        .exclude(model_inspection=None)
        .select_related("model_inspection")
        .defer("model_inspection__model", "model_inspection__report")
    )
    waits: list[tuple[UUID, Wait]] = [
        *((fetch.experiment_id, fetch.wait) for fetch in fetches.order_by("id")),
        *((inspection.experiment_id, inspection.wait) for inspection in inspections),
        *((one.id, one.model_inspection.wait) for one in models if one.model_inspection),
    ]
    for simulation in waiting:
        simulation.waits = [
            wait for experiment_id, wait in waits if experiment_id == simulation.experiment_id
        ]


def with_process(user: User) -> QuerySet[Simulation]:
    """What has a process now, or may have one, with what it uses; the oldest first."""
    statuses = [status.value for status in Status if status.has_process]
    return newest_first(user).filter(status__in=statuses).order_by("created_at", "id")


def history(simulation: Simulation) -> QuerySet[SimulationEvent]:
    """What was asked of it and what happened to it, the newest first."""
    return simulation.events.order_by("-id")


def poll_seconds(simulations: Iterable[Simulation]) -> int | None:
    """After how many seconds these are worth asking for again; None where all have ended."""
    live = [simulation for simulation in simulations if simulation.is_live]
    if not live:
        return None
    moving = [simulation for simulation in live if not simulation.is_resting]
    if not moving:
        return _POLL_SECONDS_RESTING
    idle = timezone.now() - max(simulation.changed_at for simulation in moving)
    seconds = next(seconds for limit, seconds in _POLL_SECONDS if idle <= limit)
    is_measured = any(
        Status(simulation.status).is_using_a_place or simulation.waits for simulation in moving
    )
    return min(seconds, _POLL_SECONDS_MEASURED) if is_measured else seconds
