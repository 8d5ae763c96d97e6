"""Celery tasks: load, decide, act, save."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import Celery, Task, shared_task

from nnt_deployer import doorbell
from nnt_deployer.conductor import Conductor
from nnt_deployer.model_inspector import ModelInspector, Progress
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store

_TURN_S = 1.0


@shared_task(name=doorbell.ADVANCE, bind=True)
def advance(self: "Task[[str], None]", sim_id: str) -> None:
    with _conductor() as conductor:
        advance_and_ring(self.app, conductor, UUID(sim_id))


@shared_task(name=doorbell.DELIVER)
def deliver(sim_id: str) -> None:
    with _conductor() as conductor:
        conductor.deliver(UUID(sim_id))


@shared_task(name=doorbell.INSPECT_MODEL, bind=True)
def inspect_model(self: "Task[[str], None]", inspection_id: str) -> None:
    settings = DeployerSettings()
    with open_store(settings) as store:
        inspector = ModelInspector(settings, store.model_inspections)
        inspect_and_ring(self.app, inspector, inspection_id)


def advance_and_ring(celery: Celery, conductor: Conductor, sim_id: UUID) -> None:
    """Whoever gets a place that was given away need not wait until the loop looks again."""
    if conductor.advance(sim_id):
        for due in conductor.due():
            doorbell.ring(celery, due)


def inspect_and_ring(celery: Celery, inspector: ModelInspector, inspection_id: str) -> None:
    """What waits for its end need not wait until the loop looks, nor simulations for a worker that waits for it."""
    match inspector.advance(inspection_id, _TURN_S):
        case Progress.UNDER_WAY:
            doorbell.ring(celery, inspection_id, doorbell.INSPECT_MODEL)
        case Progress.ENDED:
            for sim_id in inspector.waiting(inspection_id):
                doorbell.ring(celery, sim_id)
            for due in inspector.due():
                doorbell.ring(celery, due, doorbell.INSPECT_MODEL)


@contextmanager
def _conductor() -> Iterator[Conductor]:
    settings = DeployerSettings()
    with open_store(settings) as store:
        yield Conductor(settings, store)
