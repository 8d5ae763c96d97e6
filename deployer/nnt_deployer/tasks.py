"""Celery tasks: load, decide, act, save."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import Celery, Task, shared_task

from nnt_deployer import doorbell
from nnt_deployer.conductor import Conductor
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store


@shared_task(name=doorbell.ADVANCE, bind=True)
def advance(self: "Task[[str], None]", sim_id: str) -> None:
    with _conductor() as conductor:
        advance_and_ring(self.app, conductor, UUID(sim_id))


@shared_task(name=doorbell.DELIVER)
def deliver(sim_id: str) -> None:
    with _conductor() as conductor:
        conductor.deliver(UUID(sim_id))


def advance_and_ring(celery: Celery, conductor: Conductor, sim_id: UUID) -> None:
    """Whoever gets a place that was given away need not wait until the loop looks again."""
    if conductor.advance(sim_id):
        for due in conductor.due():
            doorbell.ring(celery, due)


@contextmanager
def _conductor() -> Iterator[Conductor]:
    settings = DeployerSettings()
    with open_store(settings) as store:
        yield Conductor(settings, store)
