"""The loop that finds updates which Redis forgot, stores them itself while Redis is away, and tidies up."""

import logging
import time
from typing import Any

from celery import Celery

from nnt_parser.keeper import forget_ended, keep
from nnt_parser.settings import ParserSettings
from nnt_parser.spool import Spool
from nnt_parser.store import Store
from nnt_parser.worker import QUEUE, create_celery
from nnt_service.away import DATABASE_AWAY, REDIS_AWAY

_log = logging.getLogger(__name__)


def sweep(names: list[str], celery: Celery, spool: Spool, store: Store) -> None:
    """Re-queues these updates unless the queue is merely long; stores them here if Redis does not answer."""
    if not names:
        return
    try:
        with celery.connection_for_write() as connection:
            redis: Any = connection.default_channel
            waiting = redis.client.llen(QUEUE)
            if waiting:
                return
            for name in names:
                celery.send_task("nnt_parser.store_update", [name], connection=connection)
    except REDIS_AWAY:
        _log.warning("Redis does not answer: storing %d updates here", len(names))
        for name in names:
            keep(name, spool, store)
    else:
        _log.warning("re-queued %d updates that Redis forgot", len(names))


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = ParserSettings()
    celery = create_celery(settings)
    spool = Spool(settings.spool_dir)
    store = Store(settings.database_url.get_secret_value())
    _log.info("sweeping every %s s", settings.sweep_s)
    while True:
        try:
            sweep(spool.older_than(settings.sweep_s), celery, spool, store)
            forget_ended(spool, store)
        except DATABASE_AWAY as error:
            _log.warning("the database does not answer: %s", str(error).strip())
        except Exception:
            # The outermost loop: whatever it is, the next look may go well.
            _log.exception("a sweep failed")
        time.sleep(settings.sweep_s)


if __name__ == "__main__":
    main()
