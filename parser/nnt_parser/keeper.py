"""From the spool into the database: what the worker does with the name of an update."""

import logging

import psycopg2

from nnt_contract.updates import INITIAL_EPOCH, Collection
from nnt_parser.errors import SimulationDeleted
from nnt_parser.spool import Accepted, Spool
from nnt_parser.store import Store

_log = logging.getLogger(__name__)


def keep(name: str, spool: Spool, store: Store) -> None:
    """Stores the update of that name and only then takes it out of the spool; safe to repeat."""
    with spool.open(name) as accepted:
        if accepted is None:
            return
        update = accepted.update
        try:
            _store(accepted, spool, store)
        except SimulationDeleted as error:
            _log.info("dropped %s: %s", name, error)
        except (psycopg2.DataError, psycopg2.ProgrammingError):
            # It would fail the same way for ever. Set aside, it is not lost and blocks nothing.
            _log.exception("set aside %s: the database refuses it", name)
            spool.reject(name)
        else:
            if isinstance(update, Collection) and update.epoch != INITIAL_EPOCH:
                spool.keep_as_latest(name, update.sim_id)
    spool.remove(name)


def forget_ended(spool: Spool, store: Store) -> None:
    """Removes what was kept for comparison with collections that will not come."""
    kept = spool.latest_of()
    going_on = store.going_on(kept) if kept else set()
    for sim_id in kept:
        if sim_id not in going_on:
            spool.forget_latest(sim_id)


def _store(accepted: Accepted, spool: Spool, store: Store) -> None:
    if isinstance(accepted.update, Collection):
        store.store_collection(accepted, spool.latest)
    else:
        store.store_end(accepted.update, accepted.time)
