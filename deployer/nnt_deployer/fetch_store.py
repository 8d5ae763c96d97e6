"""The SQL of dataset fetches: the server writes what is to be fetched, the data worker how far that is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from nnt_contract.part import Part
from nnt_deployer import advisory_lock
from nnt_deployer.storable import storable
from nnt_deployer.transaction import transaction

_FETCH_LOCK = 7007
# The data worker has more processes, so that no inspection waits for a server that is slow.
_AT_ONCE = 2

# A fetch is there for simulations that wait for it. What failed is fetched again for who was asked to start since.
_AWAITED = """
f.fetched_at IS NULL AND EXISTS (
    SELECT FROM simulations s
    WHERE s.experiment_id = f.experiment_id AND s.status = 'queued' AND s.wanted = 'running'
      AND (f.failed_at IS NULL OR s.wanted_at > f.failed_at)
)"""

# Users take turns. What is being fetched has its lock.
_DUE = f"""
WITH fetched AS (
    SELECT l.objid AS id FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = %(lock)s
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
)
SELECT f.id FROM dataset_fetches f JOIN experiments x ON x.id = f.experiment_id
WHERE {_AWAITED} AND NOT EXISTS (SELECT FROM fetched b WHERE b.id = f.id)
ORDER BY row_number() OVER (PARTITION BY x.owner_id ORDER BY f.id), f.id
LIMIT greatest(0, %(at_once)s - (SELECT count(*) FROM fetched))
"""  # nosec B608  # constants only

_BEGIN = f"""
UPDATE dataset_fetches f
SET received_bytes = 0, total_bytes = NULL, problem = '', started_at = clock_timestamp(), failed_at = NULL
WHERE f.id = %(id)s AND {_AWAITED}
RETURNING f.id, f.part, f.url
"""  # nosec B608  # constants only

_PROGRESS = f"""
UPDATE dataset_fetches f SET received_bytes = %(received)s, total_bytes = %(total)s
WHERE f.id = %(id)s AND {_AWAITED}
"""  # nosec B608  # constants only

_FAIL = """
UPDATE dataset_fetches SET problem = %(problem)s, failed_at = clock_timestamp() WHERE id = %(id)s
"""

# Whoever deletes the experiment waits until this is committed, and then finds the dataset unused.
_HOLD_EXPERIMENT = """
SELECT f.part FROM dataset_fetches f JOIN experiments x ON x.id = f.experiment_id
WHERE f.id = %(id)s
FOR UPDATE OF x
"""
_ADD_DATASET = """
INSERT INTO datasets (sha256, bytes) VALUES (%(sha256)s, %(bytes)s) ON CONFLICT DO NOTHING
"""
_FINISH = """
WITH fetched AS (
    UPDATE dataset_fetches
    SET received_bytes = %(bytes)s, total_bytes = %(bytes)s, fetched_at = clock_timestamp()
    WHERE id = %(id)s
    RETURNING experiment_id, part
)
UPDATE experiments x
SET train_dataset_id = CASE f.part WHEN 'train' THEN %(sha256)s ELSE x.train_dataset_id END,
    validation_dataset_id = CASE f.part WHEN 'validation' THEN %(sha256)s ELSE x.validation_dataset_id END,
    test_dataset_id = CASE f.part WHEN 'test' THEN %(sha256)s ELSE x.test_dataset_id END
FROM fetched f
WHERE x.id = f.experiment_id
"""


@dataclass(frozen=True)
class Fetch:
    """One part of an experiment's data, and where it is."""

    id: int
    part: Part
    url: str


class FetchStore:
    """Every method is a transaction of its own."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def exclusive(self, fetch_id: int) -> AbstractContextManager[bool]:
        """Whether this is the only one at that fetch, for as long as the block lasts."""
        return advisory_lock.held(self._connection, _FETCH_LOCK, fetch_id)

    def due(self) -> list[int]:
        """The fetches that a simulation waits for and nobody is at, as many as may begin now."""
        with transaction(self._connection) as cursor:
            cursor.execute(_DUE, {"lock": _FETCH_LOCK, "at_once": _AT_ONCE})
            return [row["id"] for row in cursor.fetchall()]

    def begin(self, fetch_id: int) -> Fetch | None:
        """What is to be fetched, from its first byte; None if nobody waits for it."""
        with transaction(self._connection) as cursor:
            cursor.execute(_BEGIN, {"id": fetch_id})
            row = cursor.fetchone()
        return None if row is None else Fetch(**row)

    def progress(self, fetch_id: int, received: int, total: int | None) -> bool:
        """Tells how much has come; False if nobody waits for it any more."""
        with transaction(self._connection) as cursor:
            cursor.execute(_PROGRESS, {"id": fetch_id, "received": received, "total": total})
            return bool(cursor.rowcount)

    def fail(self, fetch_id: int, problem: str) -> None:
        with transaction(self._connection) as cursor:
            cursor.execute(_FAIL, {"id": fetch_id, "problem": storable(problem)})

    def finish(
        self, fetch_id: int, sha256: str, size: int, put_in_place: Callable[[], None]
    ) -> bool:
        """Has the file put in place and given to the experiment; False, and nothing done, if that was deleted.

        Between the two nobody finds the file unused: see unused_datasets.sql.
        """
        values = {"id": fetch_id, "sha256": sha256, "bytes": size}
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT hold_datasets()")
            cursor.execute(_HOLD_EXPERIMENT, values)
            if cursor.fetchone() is None:
                return False
            put_in_place()
            cursor.execute(_ADD_DATASET, values)
            cursor.execute(_FINISH, values)
            return True
