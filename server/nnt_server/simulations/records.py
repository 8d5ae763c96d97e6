"""What was recorded of a simulation besides metrics and weights, as its page shows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone
from pydantic import TypeAdapter

from nnt_contract.records import Environment, Evaluation, Record, TrainedModel
from nnt_contract.status import Status
from nnt_server.simulations.models import Simulation

_SHOWN = ("environment", "evaluation", "model")
_RECORDS = """
SELECT attempt, content || jsonb_build_object('kind', kind, 'epoch', epoch) FROM records(%s, %s) ORDER BY attempt DESC
"""
_EPOCHS = 'SELECT epoch, "time", duration_s, learning_rate FROM epoch_records(%s, %s)'
# Of how many of the last epochs the next are expected to take the mean.
_MEASURED = 10

_record: TypeAdapter[Record] = TypeAdapter(Record)


class Surroundings(NamedTuple):
    attempt: int
    environment: Environment


class Recorded(NamedTuple):
    surroundings: list[Surroundings]  # the latest attempt first
    evaluation: Evaluation | None
    model: TrainedModel | None


class Took(NamedTuple):
    """What an epoch took."""

    epoch: int
    time: datetime  # when it was told
    duration_s: float
    learning_rate: float


class Pace(NamedTuple):
    epoch_s: float
    left_s: float | None  # None: it does not run


def recorded(simulation: Simulation) -> Recorded:
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, [simulation.id, list(_SHOWN)])
        found = [(attempt, _record.validate_json(text)) for attempt, text in cursor.fetchall()]
    surroundings = [
        Surroundings(attempt, record)
        for attempt, record in found
        if isinstance(record, Environment)
    ]
    evaluations = [record for _, record in found if isinstance(record, Evaluation)]
    models = [record for _, record in found if isinstance(record, TrainedModel)]
    return Recorded(surroundings, next(iter(evaluations), None), next(iter(models), None))


def took(simulation: Simulation, epochs: Sequence[int]) -> dict[int, Took]:
    """What those of these epochs took of which that is known, by their numbers."""
    with connection.cursor() as cursor:
        cursor.execute(_EPOCHS, [simulation.id, list(epochs)])
        return {row[0]: Took(*row) for row in cursor.fetchall()}


def pace(simulation: Simulation, known: Mapping[int, Took]) -> Pace | None:
    """How fast it trains, by its last epochs; None where nothing is known of any."""
    last = [known[epoch] for epoch in sorted(known)[-_MEASURED:]]
    if not last:
        return None
    epoch_s = sum(one.duration_s for one in last) / len(last)
    if not (simulation.is_settled and simulation.shown_status is Status.RUNNING):
        return Pace(epoch_s, None)
    epochs_left = simulation.configuration["total_epochs"] - last[-1].epoch - 1
    since = timezone.now() - max(last[-1].time, simulation.status_changed_at)
    return Pace(epoch_s, max(0.0, epoch_s * epochs_left - since.total_seconds()))
