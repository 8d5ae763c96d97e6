"""This service's SQL: it reads what is wanted and writes status."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from nnt_contract.data_report import DataReport
from nnt_contract.model_report import ModelReport
from nnt_contract.part import Part
from nnt_contract.simulation_config import Configuration, Limits
from nnt_contract.status import Status, Wanted
from nnt_deployer import advisory_lock
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.errors import IllegalMove
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.launchers.base import Handle
from nnt_deployer.lifecycle import RunEnd
from nnt_deployer.limits import Used
from nnt_deployer.model_inspection_store import ModelInspectionStore
from nnt_deployer.process_spec import Simulation
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.storable import storable
from nnt_deployer.transaction import transaction
from nnt_deployer.usage_store import UsageStore

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

# First keys of advisory locks: one class for each thing that must not happen twice at once.
_LOOP_LOCK = 7001
_QUEUE_LOCK = 7003


class Task(Enum):
    """What must not be done twice at once for one simulation."""

    ADVANCE = 7002
    DELIVER = 7005


_USING_A_PLACE = tuple(status.value for status in Status if status.is_using_a_place)

# Who waits, and how many places are taken once everybody before has one: those whose owner has reached the limit wait,
# and hold up nobody.
_ROWS = """
WITH waiting AS (
    SELECT q.sim_id, q.turn <= %(max_running_per_user)s AS may_run,
           count(*) FILTER (WHERE q.turn <= %(max_running_per_user)s) OVER (ORDER BY q.place)
               + (SELECT count(*) FROM simulations o WHERE o.status IN %(using_a_place)s) AS running
    FROM simulation_queue() q
)
SELECT s.id, s.owner_id, s.wanted, s.status, s.reason, s.attempt, s.expected_collections, s.interruptions,
       s.configuration -> 'limits' AS limits, s.configuration -> 'gpu' = 'true' AS wants_gpu,
       clock_timestamp() - s.status_changed_at AS in_status_for,
       s.wanted_at > s.status_changed_at AS is_asked_again,
       coalesce(p.received, 0) AS received,
       (SELECT string_agg(o.problem, E'\n' ORDER BY o.failed_at) FROM (
            SELECT f.problem, f.failed_at FROM dataset_fetches f WHERE f.experiment_id = s.experiment_id
            UNION ALL
            SELECT i.problem, i.failed_at FROM data_inspections i WHERE i.experiment_id = s.experiment_id
            UNION ALL
            SELECT i.problem, i.failed_at FROM model_inspections i
            JOIN experiments x ON x.model_inspection_id = i.id AND x.id = s.experiment_id
        ) o WHERE o.failed_at >= s.wanted_at) AS obstacle,
       e.attempt IS NOT NULL AS has_ended, e.error,
       coalesce(w.may_run AND w.running <= %(max_running)s, false) AS may_start,
       CASE WHEN u.attempt = s.attempt THEN u.peak_memory_bytes ELSE 0 END AS memory_bytes,
       coalesce(u.cpu_s, 0) AS cpu_s, coalesce(u.wall_s, 0) AS wall_s
FROM simulations s
LEFT JOIN waiting w ON w.sim_id = s.id
LEFT JOIN simulation_progress p ON p.sim_id = s.id
LEFT JOIN run_ends e ON e.sim_id = s.id AND e.attempt = s.attempt
LEFT JOIN simulation_usage u ON u.sim_id = s.id
"""
_OPEN = (
    _ROWS
    + """
WHERE s.status NOT IN ('finished', 'stopped', 'failed') OR s.wanted = 'deleted'
   OR (s.status <> 'finished' AND s.wanted = 'running' AND s.wanted_at > s.status_changed_at)
ORDER BY s.created_at, s.id
"""
)
_ONE = _ROWS + "WHERE s.id = %(id)s"

# Every change of status is an event too, in one statement.
_EVENT = """
INSERT INTO simulation_events (sim_id, actor, what, status, reason)
SELECT id, 'deployer', 'status', status, reason FROM moved
"""

_MOVE = (
    """
WITH moved AS (
    UPDATE simulations
    SET status = %(to)s, reason = %(reason)s, status_changed_at = clock_timestamp(),
        started_at = CASE WHEN %(to)s = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
        ended_at = CASE WHEN %(ends)s THEN now() END,
        interruptions = CASE WHEN %(from)s IN ('stopped', 'failed') THEN 0 ELSE interruptions END
    WHERE id = %(id)s AND status = %(from)s
    RETURNING id, status, reason
)"""  # nosec B608  # constants only
    + _EVENT
)

_PREPARE = (
    """
WITH moved AS (
    UPDATE simulations
    SET status = 'preparing', reason = '', status_changed_at = clock_timestamp(),
        attempt = attempt + 1, threads = coalesce(threads, %(threads)s),
        handle = jsonb_build_object('launcher', %(launcher)s::text)
    WHERE id = %(id)s AND status = 'queued'
    RETURNING id, status, reason
)"""  # nosec B608  # constants only
    + _EVENT
)

# An attempt that brought a collection was no failure: those before it do not count any more.
_REQUEUE = (
    """
WITH moved AS (
    UPDATE simulations s
    SET status = 'queued', reason = %(reason)s, status_changed_at = clock_timestamp(),
        interruptions = 1 + CASE
            WHEN EXISTS (SELECT FROM collections c WHERE c.sim_id = s.id AND c.attempt = s.attempt) THEN 0
            ELSE s.interruptions
        END
    WHERE s.id = %(id)s AND s.status = %(from)s
    RETURNING s.id, s.status, s.reason
)"""  # nosec B608  # constants only
    + _EVENT
)

_NOTE = "UPDATE simulations SET reason = %(reason)s WHERE id = %(id)s AND status = %(status)s"

_LIVING = """
SELECT id, attempt FROM simulations WHERE id = ANY(%(ids)s) AND status IN ('preparing', 'running', 'paused',
                                                                           'stopping', 'deleting')
"""

_VACUUM = """
VACUUM weights, weight_statistics, weight_envelope, epoch_values, extra_metrics, collections, records
"""

_TO_START = """
SELECT s.id, s.attempt, s.model, s.configuration, s.seed, s.threads,
       x.train_dataset_id, x.validation_dataset_id, x.test_dataset_id
FROM simulations s JOIN experiments x ON x.id = s.experiment_id
WHERE s.id = %(id)s
"""


_INSPECTED = """
SELECT s.configuration, m.report AS model, d.report AS data, x.file_names
FROM simulations s
JOIN experiments x ON x.id = s.experiment_id
JOIN model_inspections m ON m.id = x.model_inspection_id
JOIN data_inspections d ON d.experiment_id = x.id
WHERE s.id = %(id)s AND m.report IS NOT NULL AND d.report IS NOT NULL
"""


class Inspected(NamedTuple):
    """What a simulation is to train, and with what."""

    configuration: Configuration
    model: ModelReport
    data: DataReport
    file_names: Mapping[Part, str]


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
    is_asked_again: bool
    reason: str
    obstacle: str
    interruptions: int
    limits: Limits
    used: Used
    wants_gpu: bool


@dataclass(frozen=True)
class Places:
    """How many simulations train at once."""

    on_this_host: int
    per_user: int


class Store:
    """One connection to the database; every method is a transaction of its own."""

    def __init__(self, database_url: str, places: Places) -> None:
        self._connection = psycopg2.connect(database_url, connect_timeout=5)
        self._places = places
        self.usage = UsageStore(self._connection)
        self.fetches = FetchStore(self._connection)
        self.model_inspections = ModelInspectionStore(self._connection)
        self.data_inspections = DataInspectionStore(self._connection)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lead_loop(self) -> bool:
        """Whether this connection is the one reconciler's; it stays so until it is closed."""
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", (_LOOP_LOCK,))
            return bool(cursor.fetchone()["pg_try_advisory_lock"])

    def exclusive(self, sim_id: UUID, task: Task = Task.ADVANCE) -> AbstractContextManager[bool]:
        """Whether this is the only one at that task for the simulation, for as long as the block lasts."""
        key = advisory_lock.key_of(sim_id.hex)
        return advisory_lock.held(self._connection, task.value, key)

    def open_rows(self) -> list[Row]:
        """All simulations about which something may have to be done, the oldest first."""
        with transaction(self._connection) as cursor:
            return self._rows(cursor, _OPEN)

    def row(self, sim_id: UUID) -> Row | None:
        with transaction(self._connection) as cursor:
            return self._row(cursor, sim_id)

    def strays(self, handles: Sequence[Handle]) -> set[Handle]:
        """Those of no inspection, nor the current attempt at a simulation, that may have a process."""
        with transaction(self._connection) as cursor:
            cursor.execute(_LIVING, {"ids": [handle.sim_id for handle in handles]})
            living = {Handle(row["id"], row["attempt"]) for row in cursor.fetchall()}
        return set(handles) - living - self.model_inspections.living()

    def to_start(self, sim_id: UUID) -> Simulation:
        with transaction(self._connection) as cursor:
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

    def inspected(self, sim_id: UUID) -> Inspected | None:
        """None where it was made before there were inspections."""
        with transaction(self._connection) as cursor:
            cursor.execute(_INSPECTED, {"id": sim_id})
            row = cursor.fetchone()
        if row is None:
            return None
        return Inspected(
            Configuration.model_validate(row["configuration"]),
            ModelReport.model_validate(row["model"]),
            DataReport.model_validate(row["data"]),
            row["file_names"],
        )

    def prepare(self, sim_id: UUID, threads: int, launcher: str) -> bool:
        """Takes a place among the running for a new attempt; False if there is none any more."""
        with transaction(self._connection) as cursor:
            if not self._take_place(cursor, sim_id):
                return False
            values = {"id": sim_id, "threads": threads, "launcher": launcher}
            cursor.execute(_PREPARE, values)
            return bool(cursor.rowcount)

    def continue_paused(self, sim_id: UUID) -> bool:
        """Takes a place among the running for a process that is there; False if there is none any more."""
        with transaction(self._connection) as cursor:
            if not self._take_place(cursor, sim_id):
                return False
            return self._move(cursor, sim_id, Status.PAUSED, Status.RUNNING, "")

    def move(self, sim_id: UUID, before: Status, after: Status, reason: str) -> bool:
        """Changes the status; False if it is no longer `before`. Raises IllegalMove."""
        with transaction(self._connection) as cursor:
            return self._move(cursor, sim_id, before, after, reason)

    def requeue(self, sim_id: UUID, before: Status, reason: str) -> bool:
        """Counts an interruption and queues the simulation again; False if it is no longer `before`."""
        with transaction(self._connection) as cursor:
            cursor.execute(_REQUEUE, {"id": sim_id, "from": before, "reason": storable(reason)})
            return bool(cursor.rowcount)

    def note(self, sim_id: UUID, status: Status, reason: str) -> bool:
        """Tells something about a status that stays; False if it has changed."""
        with transaction(self._connection) as cursor:
            cursor.execute(_NOTE, {"id": sim_id, "status": status, "reason": storable(reason)})
            return bool(cursor.rowcount)

    def delete(self, sim_id: UUID) -> int:
        """Removes every row of the simulation; returns how many bytes of weights those were."""
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT delete_simulation(%s) AS bytes", (sim_id,))
            return int(cursor.fetchone()["bytes"])

    def delete_unused_datasets(self, remove_file: Callable[[str], None]) -> None:
        """Removes datasets that no experiment refers to, each with its file by `remove_file`."""
        with transaction(self._connection) as cursor:
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
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT FROM simulations WHERE id = %s", (sim_id,))
            return cursor.fetchone() is not None

    def _rows(self, cursor: Any, sql: str, **values: object) -> list[Row]:
        places = {
            "using_a_place": _USING_A_PLACE,
            "max_running": self._places.on_this_host,
            "max_running_per_user": self._places.per_user,
        }
        cursor.execute(sql, places | values)
        return [_row(row) for row in cursor.fetchall()]

    def _row(self, cursor: Any, sim_id: UUID) -> Row | None:
        return next(iter(self._rows(cursor, _ONE, id=sim_id)), None)

    def _take_place(self, cursor: Any, sim_id: UUID) -> bool:
        """Whether the simulation may have a place; nobody else takes one until the transaction ends."""
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_QUEUE_LOCK,))
        row = self._row(cursor, sim_id)
        return row is not None and row.may_start

    def _move(self, cursor: Any, sim_id: UUID, before: Status, after: Status, reason: str) -> bool:
        if not before.may_become(after):
            raise IllegalMove(f"simulation {sim_id} may not go from {before} to {after}")
        values = {"id": sim_id, "from": before, "to": after, "reason": storable(reason)}
        cursor.execute(_MOVE, values | {"ends": after.is_ended})
        return bool(cursor.rowcount)


def open_store(settings: DeployerSettings) -> Store:
    """Raises OperationalError where the database does not answer."""
    places = Places(settings.max_running, settings.max_running_per_user)
    return Store(settings.database_url.get_secret_value(), places)


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
        is_asked_again=row["is_asked_again"],
        reason=row["reason"],
        obstacle=row["obstacle"] or "",
        interruptions=row["interruptions"],
        limits=Limits.model_validate(row["limits"] or {}),
        used=Used(row["memory_bytes"], row["cpu_s"], row["wall_s"]),
        wants_gpu=bool(row["wants_gpu"]),
    )
