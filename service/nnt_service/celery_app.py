"""A Celery application whose messages are doorbells: none is lost to a killed worker, nobody waits for Redis."""

from typing import Any

from celery import Celery

from nnt_service.away import REDIS_AWAY

# A task that takes longer is ended, some time before its message comes again to another worker.
_LONGEST_TASK_S = 3000
_SPARE_S = 600


def create_celery(
    name: str,
    queue: str,
    redis_url: str,
    *,
    tasks: str = "tasks",
    longest_task_s: int = _LONGEST_TASK_S,
) -> Celery:
    """Its tasks are in `<name>.<tasks>`, and their messages in the queue."""
    app = Celery(name, broker=redis_url, include=[f"{name}.{tasks}"])
    app.conf.update(
        task_default_queue=queue,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A message is done when its work is: a killed worker's message comes again, and the work is idempotent.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=longest_task_s,
        worker_prefetch_multiplier=1,
        broker_transport_options={
            "visibility_timeout": longest_task_s + _SPARE_S,
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


def waiting(app: Celery, queue: str) -> int:
    """How many messages wait at the broker; none as far as we know while it does not answer."""
    try:
        with app.connection_for_read() as connection:
            redis: Any = connection.default_channel
            return int(redis.client.llen(queue))
    except REDIS_AWAY:
        return 0
