"""This service's SQL: it writes what simulations report, each collection in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from io import RawIOBase
from itertools import chain, islice
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from nnt_contract.updates import INITIAL_EPOCH, Collection, Failure, Finish, payload_bytes
from nnt_parser import copy_binary, ingest
from nnt_parser.errors import SimulationDeleted
from nnt_parser.frame_file import FrameFile
from nnt_parser.record_store import store_records
from nnt_parser.spool import Accepted
from nnt_parser.stored_weights import StoredWeights

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

# First key of the advisory lock under which the collections of one simulation are stored one at a time.
_SIMULATION_LOCK = 7004

_ACCEPTS = "SELECT FROM simulations WHERE id = %(sim_id)s AND status <> 'deleting'"

_GOING_ON = """
SELECT id FROM simulations
WHERE id = ANY(%(sim_ids)s) AND status NOT IN ('finished', 'stopped', 'failed', 'deleting')
"""

_ALONE = """
SELECT pg_advisory_xact_lock(%(lock)s, %(key)s);
SELECT FROM simulations WHERE id = %(sim_id)s FOR KEY SHARE;
"""

# No row comes back where this collection is stored already, from this attempt or a later one.
_CLAIM = """
INSERT INTO collections (sim_id, epoch, attempt, time, sha256, bytes)
VALUES (%(sim_id)s, %(epoch)s, %(attempt)s, %(time)s, '', %(bytes)s)
ON CONFLICT (sim_id, epoch) DO UPDATE
SET attempt = excluded.attempt, time = excluded.time, bytes = excluded.bytes
WHERE collections.attempt < excluded.attempt
RETURNING xmax <> 0 AS replaces
"""

_HASH = """
UPDATE collections SET sha256 = %(sha256)s WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s
"""

_FORGET = """
DELETE FROM epoch_values WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM extra_metrics WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM weights WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM weight_statistics WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM weight_envelope WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
"""

_PREVIOUS = """
SELECT epoch, attempt FROM collections
WHERE sim_id = %(sim_id)s AND epoch < %(epoch)s ORDER BY epoch DESC LIMIT 1
"""
_NEXT = """
SELECT epoch FROM collections
WHERE sim_id = %(sim_id)s AND epoch > %(epoch)s ORDER BY epoch LIMIT 1
"""

_HAS_INITIAL = (
    "SELECT FROM weight_statistics WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s LIMIT 1"
)

_EPOCH_VALUES = """
INSERT INTO epoch_values (sim_id, epoch, time, loss, accuracy, val_loss, val_accuracy)
VALUES (%(sim_id)s, %(epoch)s, %(time)s, %(loss)s, %(accuracy)s, %(val_loss)s, %(val_accuracy)s)
"""

_EXTRA_METRICS = """
INSERT INTO extra_metrics (sim_id, epoch, time, metric, value)
SELECT %(sim_id)s, %(epoch)s, %(time)s, m.metric, m.value
FROM unnest(%(metrics)s::text[], %(values)s::float8[]) AS m (metric, value)
"""

_COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"
_WEIGHTS = _COPY.format(table="weights", columns=ingest.WEIGHT_COLUMNS)
_STATISTICS = _COPY.format(table="weight_statistics", columns=ingest.STATISTICS_COLUMNS)
_ENVELOPE = _COPY.format(table="weight_envelope", columns=ingest.ENVELOPE_COLUMNS)

_CHANGE = """
UPDATE weight_statistics SET change_l2 = %(change)s
WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s AND layer_index = %(layer_index)s AND variable = %(variable)s
"""

_PROGRESS = """
INSERT INTO simulation_progress (sim_id, received, epoch, time, loss, accuracy, val_loss, val_accuracy)
VALUES (%(sim_id)s, 1, %(epoch)s, %(time)s, %(loss)s, %(accuracy)s, %(val_loss)s, %(val_accuracy)s)
ON CONFLICT (sim_id) DO UPDATE SET received = simulation_progress.received + %(new)s
"""

_LATEST = """
UPDATE simulation_progress
SET epoch = %(epoch)s, time = %(time)s, loss = %(loss)s, accuracy = %(accuracy)s,
    val_loss = %(val_loss)s, val_accuracy = %(val_accuracy)s
WHERE sim_id = %(sim_id)s AND epoch <= %(epoch)s
"""

_END = """
INSERT INTO run_ends (sim_id, attempt, time, error)
VALUES (%(sim_id)s, %(attempt)s, %(time)s, %(error)s)
ON CONFLICT (sim_id) DO UPDATE
SET attempt = excluded.attempt, time = excluded.time, error = excluded.error
WHERE run_ends.attempt < excluded.attempt
"""

_COPY_BUFFER = 2**18
_ROWS_PER_COPY = 8

OpenLatest = Callable[[UUID], AbstractContextManager[Accepted | None]]


class Store:
    """One connection to the database, made anew when it was lost."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: psycopg2.extensions.connection | None = None

    def accepts(self, sim_id: UUID) -> bool:
        """Whether the simulation exists and is not being deleted."""
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(_ACCEPTS, {"sim_id": sim_id})
            return cursor.fetchone() is not None

    def going_on(self, sim_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the simulations of which more collections are to be expected."""
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(_GOING_ON, {"sim_ids": list(sim_ids)})
            return {sim_id for (sim_id,) in cursor.fetchall()}

    def store_collection(self, accepted: Accepted, open_latest: OpenLatest) -> None:
        """Stores it whole, replacing that of an earlier attempt; changes nothing if it is stored already.

        `open_latest` gives the collection that was stored last, so that the one before this need not be read back.
        Raises SimulationDeleted.
        """
        frame = FrameFile.of(accepted)
        collection = frame.collection
        key = {
            "sim_id": collection.sim_id,
            "epoch": collection.epoch,
            "attempt": collection.attempt,
            "time": accepted.time,
        }
        with self._transaction() as connection, connection.cursor() as cursor:
            _be_alone(cursor, collection.sim_id)
            store_records(cursor, collection, accepted.time)
            if collection.epoch == INITIAL_EPOCH:
                _store_initial(cursor, frame, key)
                return
            cursor.execute(_CLAIM, key | {"bytes": payload_bytes(collection)})
            claimed = cursor.fetchone()
            if claimed is None:
                return
            (replaces,) = claimed
            if replaces:
                cursor.execute(_FORGET, key)
            values = _store_metrics(cursor, collection, key)
            _store_weights(cursor, accepted, frame, key, open_latest)
            _fill_change_of_next(cursor, frame, key)
            cursor.execute(_PROGRESS, values | {"new": 0 if replaces else 1})
            cursor.execute(_LATEST, values)

    def store_end(self, update: Finish | Failure, time: datetime) -> None:
        """Stores how an attempt ended; the first word of the latest attempt stays. Raises SimulationDeleted."""
        end = {
            "sim_id": update.sim_id,
            "attempt": update.attempt,
            "time": time,
            "error": update.error if isinstance(update, Failure) else None,
        }
        with self._transaction() as connection, connection.cursor() as cursor:
            _be_alone(cursor, update.sim_id)
            cursor.execute(_END, end)
            if isinstance(update, Finish):
                store_records(cursor, update, time)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _transaction(self) -> psycopg2.extensions.connection:
        """The connection, to use as a context manager that commits or rolls back."""
        if self._connection is not None and not _answers(self._connection):
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._connection = psycopg2.connect(self._url, connect_timeout=5)
        return self._connection


def _answers(connection: psycopg2.extensions.connection) -> bool:
    if connection.closed:
        return False
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT")
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return False
    return True


def _be_alone(cursor: Any, sim_id: UUID) -> None:
    # The change since the previous collection needs that one committed: two at a time would not see each other.
    key = int.from_bytes(sim_id.bytes[:4], signed=True)
    cursor.execute(_ALONE, {"lock": _SIMULATION_LOCK, "key": key, "sim_id": sim_id})
    if not cursor.rowcount:
        raise SimulationDeleted(f"simulation {sim_id} was deleted")


def _store_initial(cursor: Any, frame: FrameFile, key: dict[str, Any]) -> None:
    """The weights before the first batch: their statistics and nothing else, once."""
    cursor.execute(_HAS_INITIAL, key)
    if cursor.fetchone() is not None:
        return
    summaries = ingest.summaries(frame)
    rows = ingest.statistics_rows(frame.collection, key["time"], summaries, [None] * len(summaries))
    _copy(cursor, _STATISTICS, rows)


def _store_metrics(cursor: Any, collection: Collection, key: dict[str, Any]) -> dict[str, Any]:
    metrics = ingest.split_metrics(collection.logs)
    values = key | metrics.epoch_values
    cursor.execute(_EPOCH_VALUES, values)
    if metrics.extra:
        extra = {"metrics": list(metrics.extra), "values": list(metrics.extra.values())}
        cursor.execute(_EXTRA_METRICS, key | extra)
    return values


def _store_weights(
    cursor: Any,
    accepted: Accepted,
    frame: FrameFile,
    key: dict[str, Any],
    open_latest: OpenLatest,
) -> None:
    """The weights, and what is computed from them while the database is busy with them."""
    collection = frame.collection
    with (
        ThreadPoolExecutor(max_workers=1) as beside,
        _changes_since_previous(cursor, frame, key, open_latest) as compare,
    ):
        summaries = beside.submit(ingest.summaries, frame)
        changes = beside.submit(compare)
        sha256 = beside.submit(accepted.sha256)
        for rows in _batches(ingest.weight_rows(frame, accepted.time)):
            _copy(cursor, _WEIGHTS, rows)
        statistics = ingest.statistics_rows(
            collection, accepted.time, summaries.result(), changes.result()
        )
        _copy(cursor, _STATISTICS, statistics)
        envelopes = ingest.envelope_rows(collection, accepted.time, summaries.result())
        _copy(cursor, _ENVELOPE, envelopes)
        cursor.execute(_HASH, key | {"sha256": sha256.result()})


@contextmanager
def _changes_since_previous(
    cursor: Any, frame: FrameFile, key: dict[str, Any], open_latest: OpenLatest
) -> Iterator[Callable[[], Sequence[float | None]]]:
    """What computes them without the connection, on which a COPY goes on."""
    cursor.execute(_PREVIOUS, key)
    previous = cursor.fetchone()
    with open_latest(frame.collection.sim_id) as latest:
        if previous is None:
            yield lambda: [None] * len(frame.collection.arrays)
        elif latest is not None and latest.is_collection(*previous):
            yield partial(ingest.changes, frame, FrameFile.of(latest))
        else:
            sim_id = frame.collection.sim_id
            changes = ingest.changes(frame, StoredWeights(cursor, sim_id, previous[0]))
            yield lambda: changes


def _batches(rows: Iterator[copy_binary.Row]) -> Iterator[Iterable[copy_binary.Row]]:
    # PostgreSQL holds what one COPY brings until it has a thousand rows of it.
    for first in rows:
        yield chain([first], islice(rows, _ROWS_PER_COPY - 1))


def _fill_change_of_next(cursor: Any, frame: FrameFile, key: dict[str, Any]) -> None:
    """A later collection that came before this one could not be compared with it then."""
    cursor.execute(_NEXT, key)
    following = cursor.fetchone()
    if following is None:
        return
    (epoch,) = following
    changes = ingest.changes(frame, StoredWeights(cursor, frame.collection.sim_id, epoch))
    for array, change in zip(frame.collection.arrays, changes, strict=True):
        variable = {"layer_index": array.layer_index, "variable": array.variable}
        cursor.execute(_CHANGE, key | variable | {"epoch": epoch, "change": change})


def _copy(cursor: Any, statement: str, rows: Iterable[copy_binary.Row]) -> None:
    cursor.copy_expert(statement, _Readable(copy_binary.stream(rows)), _COPY_BUFFER)


class _Readable(RawIOBase):
    """An iterator of bytes as the file that psycopg2 reads a COPY from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[size:]
        return piece[:size]
