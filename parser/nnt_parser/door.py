"""What the endpoints need: who is admitted, the intake, and the bell that wakes a worker."""

import logging
from threading import local
from uuid import UUID

from celery import Celery

from nnt_parser.intake import Intake
from nnt_parser.settings import ParserSettings
from nnt_parser.spool import Spool
from nnt_parser.store import Store
from nnt_parser.worker import create_celery
from nnt_service.away import REDIS_AWAY

_log = logging.getLogger(__name__)


class Door:
    def __init__(self, settings: ParserSettings) -> None:
        self.token_secret = settings.token_secret.get_secret_value()
        spool = Spool(settings.spool_dir)
        spool.remove_unfinished()
        self.intake = Intake(spool, self.announce, settings.max_update_mb, settings.max_json_mb)
        self._database_url = settings.database_url.get_secret_value()
        self._celery: Celery = create_celery(settings)
        self._thread = local()

    def admits(self, sim_id: UUID) -> bool:
        """Whether updates of this simulation are still wanted."""
        if not hasattr(self._thread, "store"):  # a connection per thread of the web server
            self._thread.store = Store(self._database_url)
        store: Store = self._thread.store
        return store.accepts(sim_id)

    def announce(self, name: str) -> None:
        """Wakes a worker; if Redis does not hear it, the sweeper finds the update in the spool."""
        try:
            self._celery.send_task("nnt_parser.store_update", [name])
        except REDIS_AWAY as error:
            _log.warning("Redis did not take the message about %s: %s", name, error)
