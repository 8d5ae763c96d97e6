"""Celery tasks: load, decide, act, save."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import shared_task

from nnt_deployer import doorbell
from nnt_deployer.conductor import Conductor
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store


@shared_task(name=doorbell.ADVANCE)
def advance(sim_id: str) -> None:
    with _conductor() as conductor:
        conductor.advance(UUID(sim_id))


@shared_task(name=doorbell.DELIVER)
def deliver(sim_id: str) -> None:
    with _conductor() as conductor:
        conductor.deliver(UUID(sim_id))


@contextmanager
def _conductor() -> Iterator[Conductor]:
    settings = DeployerSettings()
    with open_store(settings) as store:
        yield Conductor(settings, store)
