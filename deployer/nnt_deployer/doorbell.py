"""Wakes the worker for one simulation."""

from uuid import UUID

from celery import Celery

# A bell that nobody answered in this time is forgotten: the loop rings again.
_EXPIRES_S = 30


ADVANCE = "nnt_deployer.advance"
DELIVER = "nnt_deployer.deliver"


def ring(celery: Celery, sim_id: UUID, task: str = ADVANCE) -> None:
    """Raises kombu's OperationalError or an OSError where Redis does not hear it."""
    celery.send_task(task, [str(sim_id)], expires=_EXPIRES_S)
