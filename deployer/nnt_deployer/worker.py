"""The Celery application of this service, and the entry point of its worker: celery -A nnt_deployer.worker worker."""

from celery import Celery

from nnt_deployer.settings import DeployerSettings

QUEUE = "deployer"


def create_celery(settings: DeployerSettings) -> Celery:
    app = Celery(
        "nnt_deployer", broker=settings.redis_url.get_secret_value(), include=["nnt_deployer.tasks"]
    )
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A message is done when its work is: a killed worker's message comes again, and the work is idempotent.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
        },
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Nobody waits for Redis: the loop comes by again.
        task_publish_retry=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
    )
    return app


def __getattr__(name: str) -> Celery:
    # Read the environment only where a worker is started, not where the module is imported.
    if name in ("app", "celery"):
        return create_celery(DeployerSettings())
    raise AttributeError(name)
