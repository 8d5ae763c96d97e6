"""Everything that reads simulations, and who may see them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from nnt_server.accounts.models import User
from nnt_server.simulations.models import Simulation

_EPOCH_VALUES = """
    SELECT epoch, "time", loss, accuracy, val_loss, val_accuracy FROM epoch_values(%s)
"""

_COLLECTED_BYTES = "SELECT collected_bytes(%s)"

# How often a page asks again, by how long ago anything changed that it shows.
_POLL_SECONDS = (
    (timedelta(minutes=2), 1),
    (timedelta(minutes=20), 5),
    (timedelta.max, 15),
)


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


def newest_first(user: User) -> QuerySet[Simulation]:
    """What the list shows, without the models, which may be megabytes each."""
    return (
        simulations_visible_to(user)
        .select_related("owner", "progress")
        .defer("model", "handle")
        .order_by("-created_at", "id")
    )


def with_details(user: User) -> QuerySet[Simulation]:
    """What the page of a simulation shows; its model is read when it is asked for."""
    return (
        simulations_visible_to(user)
        .select_related(
            "owner",
            "progress",
            "experiment__train_dataset",
            "experiment__validation_dataset",
            "experiment__test_dataset",
        )
        .defer("model", "handle")
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


def poll_seconds(simulations: Iterable[Simulation]) -> int | None:
    """After how many seconds these are worth asking for again; None where nothing will change by itself."""
    live = [simulation for simulation in simulations if simulation.is_live]
    if not live:
        return None
    idle = timezone.now() - max(simulation.changed_at for simulation in live)
    return next(seconds for limit, seconds in _POLL_SECONDS if idle <= limit)
