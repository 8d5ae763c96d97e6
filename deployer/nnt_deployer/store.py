"""This service's SQL: it reads what is wanted and writes status."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from nnt_contract.status import Status, Wanted
from nnt_deployer.errors import IllegalMove
from nnt_deployer.launchers.base import Handle
from nnt_deployer.lifecycle import RunEnd
from nnt_deployer.process_spec import Simulation

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

# First keys of advisory locks: one class for each thing that must not happen twice at once.
_LOOP_LOCK = 7001
_QUEUE_LOCK = 7003


class Task(Enum):
    """What must not be done twice at once for one simulation."""

    ADVANCE = 7002
    DELIVER = 7005


_HAS_PROCESS = tuple(status.value for status in Status if status.has_process)

_ROWS = """
SELECT s.id, s.wanted, s.status, s.reason, s.attempt, s.expected_collections,
       clock_timestamp() - s.status_changed_at AS in_status_for,
       coalesce(p.received, 0) AS received,
       e.attempt IS NOT NULL AS has_ended, e.error,
       s.status = 'queued' AND %(max_running)s > (
           SELECT count(*) FROM simulations o
           WHERE o.status IN %(has_process)s
              OR (o.status = 'queued' AND o.wanted = 'running' AND (o.created_at, o.id) < (s.created_at, s.id))
       ) AS may_start
FROM simulations s
LEFT JOIN simulation_progress p ON p.sim_id = s.id
LEFT JOIN run_ends e ON e.sim_id = s.id AND e.attempt = s.attempt
"""
_OPEN = (
    _ROWS
    + """
WHERE s.status NOT IN ('finished', 'stopped', 'failed') OR s.wanted = 'deleted'
ORDER BY s.created_at, s.id
"""
)
_ONE = _ROWS + "WHERE s.id = %(id)s"

_MOVE = """
UPDATE simulations
SET status = %(to)s, reason = %(reason)s, status_changed_at = now(),
    started_at = CASE WHEN %(to)s = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
    ended_at = CASE WHEN %(ends)s THEN now() END
WHERE id = %(id)s AND status = %(from)s
"""

_PREPARE = """
UPDATE simulations
SET status = 'preparing', reason = '', status_changed_at = now(),
    attempt = attempt + 1, threads = coalesce(threads, %(threads)s)
WHERE id = %(id)s AND status = 'queued'
"""

_NOTE = "UPDATE simulations SET reason = %(reason)s WHERE id = %(id)s AND status = %(status)s"

_HANDLE = "UPDATE simulations SET handle = %(handle)s WHERE id = %(id)s"

_VACUUM = (
    "VACUUM weights, weight_statistics, weight_envelope, epoch_values, extra_metrics, collections"
)

_TO_START = """
SELECT s.id, s.attempt, s.model, s.configuration, s.seed, s.threads,
       x.train_dataset_id, x.validation_dataset_id, x.test_dataset_id
FROM simulations s JOIN experiments x ON x.id = s.experiment_id
WHERE s.id = %(id)s
"""


@dataclass(frozen=True)
class Row:
    """A simulation as the reconciler sees it."""

    handle: Handle
    wanted: Wanted
    status: Status
    run_end: RunEnd | None
    received: int
    expected: int
    may_start: bool
    in_status_for: timedelta
    reason: str


class Store:
    """One connection to the database; every method is a transaction of its own."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg2.connect(database_url, connect_timeout=5)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lead_loop(self) -> bool:
        """Whether this connection is the one reconciler's; it stays so until it is closed."""
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", (_LOOP_LOCK,))
            return bool(cursor.fetchone()["pg_try_advisory_lock"])

    @contextmanager
    def exclusive(self, sim_id: UUID, task: Task = Task.ADVANCE) -> Iterator[bool]:
        """Whether this is the only one at that task for the simulation, for as long as the block lasts."""
        key = (task.value, int.from_bytes(sim_id.bytes[:4], signed=True))
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s) AS got", key)
            got = bool(cursor.fetchone()["got"])
        try:
            yield got
        finally:
            if got:
                with self._cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)

    def open_rows(self, max_running: int) -> list[Row]:
        """All simulations about which something may have to be done, the oldest first."""
        return self._rows(_OPEN, max_running=max_running)

    def row(self, sim_id: UUID, max_running: int) -> Row | None:
        return next(iter(self._rows(_ONE, max_running=max_running, id=sim_id)), None)

    def to_start(self, sim_id: UUID) -> Simulation:
        with self._cursor() as cursor:
            cursor.execute(_TO_START, {"id": sim_id})
            row = cursor.fetchone()
        return Simulation(
            id=row["id"],
            attempt=row["attempt"],
            model=row["model"],
            configuration=row["configuration"],
            dataset_hashes={
                "train": row["train_dataset_id"],
                "validation": row["validation_dataset_id"],
                "test": row["test_dataset_id"],
            },
            seed=row["seed"],
            threads=row["threads"],
        )

    def prepare(self, sim_id: UUID, max_running: int, threads: int) -> bool:
        """Takes a place among the running; False if there is none any more."""
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_QUEUE_LOCK,))
            cursor.execute(_ONE, _values(max_running=max_running, id=sim_id))
            row = cursor.fetchone()
            if row is None or not row["may_start"]:
                return False
            cursor.execute(_PREPARE, {"id": sim_id, "threads": threads})
            return bool(cursor.rowcount)

    def save_handle(self, handle: Handle, launcher: str) -> None:
        content = {"launcher": launcher, "name": handle.name, "attempt": handle.attempt}
        with self._cursor() as cursor:
            cursor.execute(_HANDLE, {"id": handle.sim_id, "handle": psycopg2.extras.Json(content)})

    def move(self, sim_id: UUID, before: Status, after: Status, reason: str) -> bool:
        """Changes the status; False if it is no longer `before`. Raises IllegalMove."""
        if not before.may_become(after):
            raise IllegalMove(f"simulation {sim_id} may not go from {before} to {after}")
        with self._cursor() as cursor:
            values = {
                "id": sim_id,
                "from": before,
                "to": after,
                "reason": reason,
                "ends": after.is_ended,
            }
            cursor.execute(_MOVE, values)
            return bool(cursor.rowcount)

    def note(self, sim_id: UUID, status: Status, reason: str) -> bool:
        """Tells something about a status that stays; False if it has changed."""
        with self._cursor() as cursor:
            cursor.execute(_NOTE, {"id": sim_id, "status": status, "reason": reason})
            return bool(cursor.rowcount)

    def delete(self, sim_id: UUID) -> int:
        """Removes every row of the simulation; returns how many bytes of weights those were."""
        with self._cursor() as cursor:
            cursor.execute("SELECT delete_simulation(%s) AS bytes", (sim_id,))
            return int(cursor.fetchone()["bytes"])

    def delete_unused_datasets(self, remove_file: Callable[[str], None]) -> None:
        """Removes datasets that no experiment refers to, each with its file by `remove_file`."""
        with self._cursor() as cursor:
            cursor.execute("SELECT delete_unused_datasets() AS sha256")
            for row in cursor.fetchall():
                remove_file(row["sha256"])

    def make_room(self) -> None:
        """Lets the place of deleted rows be used again at once, rather than when PostgreSQL comes by."""
        self._connection.autocommit = True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(_VACUUM)
        finally:
            self._connection.autocommit = False

    def exists(self, sim_id: UUID) -> bool:
        with self._cursor() as cursor:
            cursor.execute("SELECT FROM simulations WHERE id = %s", (sim_id,))
            return cursor.fetchone() is not None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with (
            self._connection,
            self._connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
        ):
            yield cursor

    def _rows(self, sql: str, **values: object) -> list[Row]:
        with self._cursor() as cursor:
            cursor.execute(sql, _values(**values))
            return [_row(row) for row in cursor.fetchall()]


def _values(**values: object) -> dict[str, object]:
    return {"has_process": _HAS_PROCESS, **values}


def _row(row: Any) -> Row:
    return Row(
        handle=Handle(row["id"], row["attempt"]),
        wanted=Wanted(row["wanted"]),
        status=Status(row["status"]),
        run_end=RunEnd(row["error"]) if row["has_ended"] else None,
        received=row["received"],
        expected=row["expected_collections"],
        may_start=row["may_start"],
        in_status_for=row["in_status_for"],
        reason=row["reason"],
    )
