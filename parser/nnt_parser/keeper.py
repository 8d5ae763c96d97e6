"""From the spool into the database: what the worker does with the name of an update."""

import logging

import psycopg2

from nnt_contract.updates import Collection, Failure
from nnt_parser.spool import Accepted, Spool
from nnt_parser.store import Store

_log = logging.getLogger(__name__)


def keep(name: str, spool: Spool, store: Store) -> None:
    """Stores the update of that name and only then removes it from the spool; safe to repeat."""
    with spool.open(name) as accepted:
        if accepted is None:
            return
        try:
            _store(accepted, store)
        except psycopg2.errors.ForeignKeyViolation:
            _log.info("dropped %s: its simulation was deleted", name)
        except (psycopg2.DataError, psycopg2.ProgrammingError):
            # It would fail the same way for ever. Set aside, it is not lost and blocks nothing.
            _log.exception("set aside %s: the database refuses it", name)
            spool.reject(name)
            return
    spool.remove(name)


def _store(accepted: Accepted, store: Store) -> None:
    update = accepted.update
    if isinstance(update, Collection):
        store.store_collection(accepted, update)
    else:
        error = update.error if isinstance(update, Failure) else None
        store.store_end(update.sim_id, update.attempt, accepted.time, error)
