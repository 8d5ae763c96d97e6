"""This service's SQL: it writes what simulations report, each collection in one transaction."""

from collections.abc import Iterator
from datetime import datetime
from io import RawIOBase
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from nnt_contract.updates import Collection
from nnt_parser import copy_binary, ingest
from nnt_parser.spool import Accepted

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

_ACCEPTS = "SELECT FROM simulations WHERE id = %(sim_id)s AND status <> 'deleting'"

# No row comes back where this collection is stored already, from this attempt or a later one.
_CLAIM = """
INSERT INTO collections (sim_id, epoch, attempt, time, sha256, bytes)
VALUES (%(sim_id)s, %(epoch)s, %(attempt)s, %(time)s, %(sha256)s, %(bytes)s)
ON CONFLICT (sim_id, epoch) DO UPDATE
SET attempt = excluded.attempt, time = excluded.time, sha256 = excluded.sha256, bytes = excluded.bytes
WHERE collections.attempt < excluded.attempt
RETURNING xmax <> 0 AS replaces
"""

_FORGET = """
DELETE FROM epoch_values WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM extra_metrics WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
DELETE FROM weights WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s;
"""

_EPOCH_VALUES = """
INSERT INTO epoch_values (sim_id, epoch, time, loss, accuracy, val_loss, val_accuracy)
VALUES (%(sim_id)s, %(epoch)s, %(time)s, %(loss)s, %(accuracy)s, %(val_loss)s, %(val_accuracy)s)
"""

_EXTRA_METRICS = """
INSERT INTO extra_metrics (sim_id, epoch, time, metric, value)
SELECT %(sim_id)s, %(epoch)s, %(time)s, m.metric, m.value
FROM unnest(%(metrics)s::text[], %(values)s::float8[]) AS m (metric, value)
"""

_WEIGHTS = f"COPY weights ({copy_binary.WEIGHT_COLUMNS}) FROM STDIN (FORMAT binary)"

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

    def store_collection(self, accepted: Accepted, collection: Collection) -> None:
        """Stores it whole, replacing that of an earlier attempt; changes nothing if it is stored already.

        Raises psycopg2.errors.ForeignKeyViolation if the simulation was deleted.
        """
        metrics = ingest.split_metrics(collection.logs)
        key = {"sim_id": collection.sim_id, "epoch": collection.epoch, "time": accepted.time}
        values = key | metrics.epoch_values
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(
                _CLAIM,
                key
                | {
                    "attempt": collection.attempt,
                    "sha256": accepted.sha256,
                    "bytes": accepted.payload_bytes,
                },
            )
            claimed = cursor.fetchone()
            if claimed is None:
                return
            (replaces,) = claimed
            if replaces:
                cursor.execute(_FORGET, key)
            cursor.execute(_EPOCH_VALUES, values)
            if metrics.extra:
                extra = {"metrics": list(metrics.extra), "values": list(metrics.extra.values())}
                cursor.execute(_EXTRA_METRICS, key | extra)
            parts = (
                part
                for array in collection.arrays
                for part in ingest.weight_parts(array, accepted.file)
            )
            rows = copy_binary.weight_rows(
                collection.sim_id, collection.epoch, accepted.time, parts
            )
            cursor.copy_expert(_WEIGHTS, _Readable(rows), _COPY_BUFFER)
            cursor.execute(_PROGRESS, values | {"new": 0 if replaces else 1})
            cursor.execute(_LATEST, values)

    def store_end(self, sim_id: UUID, attempt: int, time: datetime, error: str | None) -> None:
        """Stores how an attempt ended; the first word of the latest attempt stays."""
        with self._transaction() as connection, connection.cursor() as cursor:
            cursor.execute(
                _END, {"sim_id": sim_id, "attempt": attempt, "time": time, "error": error}
            )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _transaction(self) -> psycopg2.extensions.connection:
        """The connection, to use as a context manager that commits or rolls back."""
        if self._connection is not None and not self._answers(self._connection):
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._connection = psycopg2.connect(self._url, connect_timeout=5)
        return self._connection

    @staticmethod
    def _answers(connection: psycopg2.extensions.connection) -> bool:
        if connection.closed:
            return False
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT")
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return False
        return True


class _Readable(RawIOBase):
    """An iterator of bytes as the file that psycopg2 reads a COPY from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)
