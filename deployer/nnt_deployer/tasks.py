"""Celery tasks: load, decide, act, save."""

from uuid import UUID

from celery import shared_task

from nnt_deployer.conductor import Conductor
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Store


@shared_task(name="nnt_deployer.advance")
def advance(sim_id: str) -> None:
    settings = DeployerSettings()
    with Store(settings.database_url.get_secret_value()) as store:
        Conductor(settings, store).advance(UUID(sim_id))
