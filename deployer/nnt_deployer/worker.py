"""The Celery application of this service, and the entry point of its worker: celery -A nnt_deployer.worker worker."""

from celery import Celery

from nnt_deployer.doorbell import QUEUE
from nnt_deployer.settings import DeployerSettings
from nnt_service import celery_app, watchdog


def create_celery(settings: DeployerSettings) -> Celery:
    return celery_app.create_celery("nnt_deployer", QUEUE, settings.redis_url.get_secret_value())


def __getattr__(name: str) -> Celery:
    # Read the environment only where a worker is started, not where the module is imported.
    if name in ("app", "celery"):
        settings = DeployerSettings()
        app = create_celery(settings)
        watchdog.watch(app, QUEUE, settings.watchdog_s)
        return app
    raise AttributeError(name)
