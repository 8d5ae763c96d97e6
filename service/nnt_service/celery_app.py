"""A Celery application whose messages are doorbells: none is lost to a killed worker, nobody waits for Redis."""

from celery import Celery

_VISIBILITY_S = 3600
# A task that takes longer is ended, before its message comes again to another worker.
_LONGEST_TASK_S = 3000


def create_celery(name: str, queue: str, redis_url: str) -> Celery:
    """Its tasks are in `<name>.tasks`, and their messages in the queue."""
    app = Celery(name, broker=redis_url, include=[f"{name}.tasks"])
    app.conf.update(
        task_default_queue=queue,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A message is done when its work is: a killed worker's message comes again, and the work is idempotent.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=_LONGEST_TASK_S,
        worker_prefetch_multiplier=1,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY_S,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "max_retries": 0,
        },
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_publish_retry=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
    )
    return app
