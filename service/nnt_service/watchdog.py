"""Ends a worker that has stopped consuming, so that whoever supervises it starts it again.

A worker may lose its place at the broker while its process lives on, and looks healthy from outside.
"""

import logging
import os
import time
from threading import Thread

from celery import Celery
from celery.signals import worker_ready
from celery.worker import state

from nnt_service.celery_app import waiting

_log = logging.getLogger(__name__)

_LOOKS = 4  # in the time that a message may wait for a worker that has nothing to do


def watch(app: Celery, queue: str, patience_s: float) -> None:
    """From now on, a worker of this process that lets a message wait for so long, and does nothing else, is ended."""

    def start(**_: object) -> None:
        Thread(target=_watch, args=(app, queue, patience_s), name="watchdog", daemon=True).start()

    worker_ready.connect(start, weak=False)


def _watch(app: Celery, queue: str, patience_s: float) -> None:
    done, since = -1, time.monotonic()
    while True:
        time.sleep(patience_s / _LOOKS)
        taken = sum(state.total_count.values())
        if taken != done or state.active_requests or not waiting(app, queue):
            done, since = taken, time.monotonic()
        elif time.monotonic() - since >= patience_s:
            _log.critical("messages wait, and this worker takes none: it ends, to be started again")
            logging.shutdown()
            os._exit(1)
