"""Wakes a worker: for one simulation, or for datasets."""

from collections.abc import Sequence
from uuid import UUID

from celery import Celery

from nnt_service.celery_app import waiting

# A bell that nobody answered in this time is forgotten: the loop rings again.
_EXPIRES_S = 30

ADVANCE = "nnt_deployer.advance"
DELIVER = "nnt_deployer.deliver"
FETCH = "nnt_deployer.fetch"

DATA_QUEUE = "data"


def ring(celery: Celery, sim_id: UUID, task: str = ADVANCE) -> None:
    """Raises kombu's OperationalError or an OSError where Redis does not hear it."""
    celery.send_task(task, [str(sim_id)], expires=_EXPIRES_S)


def ring_data_worker(celery: Celery, fetch_ids: Sequence[int]) -> None:
    """Rings for each, once the bells before are heard: a fetch takes long, and they would pile up. Raises as `ring`."""
    if fetch_ids and not waiting(celery, DATA_QUEUE):
        for fetch_id in fetch_ids:
            celery.send_task(FETCH, [fetch_id], queue=DATA_QUEUE, expires=_EXPIRES_S)
