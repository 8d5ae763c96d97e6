"""The entry point of the data worker, which fetches and inspects: celery -A nnt_deployer.data_worker worker."""

from celery import Celery
from celery.signals import worker_ready

from nnt_deployer import data_tasks, doorbell
from nnt_deployer.settings import DataWorkerSettings
from nnt_service import celery_app, watchdog

_SPARE_S = 300  # what a fetch that took all its time needs for its file, an inspection for its end


def create_celery(settings: DataWorkerSettings) -> Celery:
    return celery_app.create_celery(
        "nnt_deployer",
        doorbell.DATA_QUEUE,
        settings.redis_url.get_secret_value(),
        tasks="data_tasks",
        longest_task_s=max(settings.fetch_s, settings.inspection_s) + _SPARE_S,
    )


def __getattr__(name: str) -> Celery:
    # Read the environment only where a worker is started, not where the module is imported.
    if name in ("app", "celery"):
        settings = DataWorkerSettings()
        app = create_celery(settings)
        watchdog.watch(app, doorbell.DATA_QUEUE, settings.watchdog_s)
        _tidy_up_at_start(settings)
        return app
    raise AttributeError(name)


def _tidy_up_at_start(settings: DataWorkerSettings) -> None:
    def tidy_up(**_: object) -> None:
        data_tasks.remove_abandoned(settings)

    worker_ready.connect(tidy_up, weak=False)
