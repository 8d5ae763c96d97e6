"""Wakes a worker: for one simulation, for a model, or for datasets."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from celery import Celery

from nnt_service.celery_app import waiting

# A bell that nobody answered in this time is forgotten: the loop rings again.
_EXPIRES_S = 30

ADVANCE = "nnt_deployer.advance"
DELIVER = "nnt_deployer.deliver"
FETCH = "nnt_deployer.fetch"
INSPECT_DATA = "nnt_deployer.inspect_data"
INSPECT_MODEL = "nnt_deployer.inspect_model"

QUEUE = "deployer"
DATA_QUEUE = "data"


class DataBell(NamedTuple):
    """A task of the data worker, and what it is about: the id of a fetch, or of an experiment."""

    task: str
    key: int | str


def ring(celery: Celery, key: UUID | str, task: str = ADVANCE) -> None:
    """For a simulation or, with that task, for a model.

    Raises kombu's OperationalError or an OSError where Redis does not hear it.
    """
    celery.send_task(task, [str(key)], queue=QUEUE, expires=_EXPIRES_S)


def ring_data_worker(celery: Celery, bells: Sequence[DataBell]) -> None:
    """Rings each, once those before are heard: a fetch takes long, and they would pile up. Raises as `ring`."""
    if bells and not waiting(celery, DATA_QUEUE):
        for task, key in bells:
            celery.send_task(task, [key], queue=DATA_QUEUE, expires=_EXPIRES_S)


def of_fetches(fetch_ids: Sequence[int]) -> list[DataBell]:
    return [DataBell(FETCH, fetch_id) for fetch_id in fetch_ids]


def of_data(experiment_ids: Sequence[UUID]) -> list[DataBell]:
    return [DataBell(INSPECT_DATA, str(experiment_id)) for experiment_id in experiment_ids]
