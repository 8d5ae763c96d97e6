"""The SQL of model inspections: the server writes which models are to be inspected, this service what was found."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg2.extensions

from nnt_contract.model_report import ModelReport
from nnt_deployer import advisory_lock
from nnt_deployer.launchers.base import Handle
from nnt_deployer.storable import storable
from nnt_deployer.transaction import transaction

_INSPECTION_LOCK = 7009
_PLACES_LOCK = 7010
_MOST_RUNG = 100  # the loop looks at the others, which have no place yet

# What failed is inspected again for who asked, or was asked to start, since.
_WAITS = """
EXISTS (
    SELECT FROM experiments x JOIN simulations s ON s.experiment_id = x.id
    WHERE x.model_inspection_id = i.id AND s.status = 'queued' AND s.wanted = 'running'
      AND (i.failed_at IS NULL OR s.wanted_at > i.failed_at)
)"""
_OPEN = f"i.finished_at IS NULL AND (i.failed_at IS NULL OR i.asked_at > i.failed_at OR {_WAITS})"
_IS_BEGUN = "i.started_at IS NOT NULL AND i.failed_at IS NULL AND i.finished_at IS NULL"

# First those that have a process. Then users take turns; whoever only looks at models is nobody's user, and comes last.
_DUE = f"""
WITH due AS (
    SELECT i.id, i.asked_at, {_IS_BEGUN} AS is_begun, (
        SELECT min(x.owner_id) FROM experiments x JOIN simulations s ON s.experiment_id = x.id
        WHERE x.model_inspection_id = i.id AND s.status = 'queued' AND s.wanted = 'running'
    ) AS owner_id
    FROM model_inspections i
    WHERE {_OPEN} AND {advisory_lock.NOBODY_AT.format(id="i.id")}
)
SELECT id FROM due
ORDER BY is_begun DESC, row_number() OVER (PARTITION BY owner_id ORDER BY asked_at, id), owner_id, asked_at, id
LIMIT %(places)s
"""  # nosec B608  # constants only

_ONE = f"""
SELECT i.id, i.backend, i.starts, {_IS_BEGUN} AS is_begun,
       coalesce(clock_timestamp() - i.started_at, interval '0') AS running_for
FROM model_inspections i WHERE i.id = %(id)s AND {_OPEN}
"""  # nosec B608  # constants only

_BEGIN = f"""
UPDATE model_inspections i SET started_at = clock_timestamp(), starts = 0, problem = '', failed_at = NULL
WHERE i.id = %(id)s AND {_OPEN}
  AND (SELECT count(*) FROM model_inspections i WHERE {_IS_BEGUN}) < %(places)s
"""  # nosec B608  # constants only
_NOTE_START = """
UPDATE model_inspections SET started_at = clock_timestamp(), starts = starts + 1 WHERE id = %(id)s
"""
_FINISH = """
UPDATE model_inspections SET report = %(report)s, finished_at = clock_timestamp() WHERE id = %(id)s
"""
_FAIL = """
UPDATE model_inspections SET report = %(report)s, problem = %(problem)s, failed_at = clock_timestamp()
WHERE id = %(id)s
"""
_BEGUN = f"SELECT i.id FROM model_inspections i WHERE {_IS_BEGUN}"  # nosec B608  # constants only
_WAITING = """
SELECT s.id FROM simulations s JOIN experiments x ON x.id = s.experiment_id
WHERE x.model_inspection_id = %(id)s AND s.status = 'queued' AND s.wanted = 'running'
ORDER BY s.wanted_at, s.id LIMIT %(most)s
"""
_OF_SIMULATION = f"""
SELECT i.id FROM simulations s JOIN experiments x ON x.id = s.experiment_id
JOIN model_inspections i ON i.id = x.model_inspection_id
WHERE s.id = %(id)s AND i.finished_at IS NULL AND NOT ({_IS_BEGUN})
"""  # nosec B608  # constants only


@dataclass(frozen=True)
class Inspection:
    """A model that is to be inspected, or is."""

    id: str
    backend: str
    starts: int  # of its process, since it was begun
    is_begun: bool  # it may have a process
    running_for: timedelta  # since its process was started

    @property
    def handle(self) -> Handle:
        return Handle.of_inspection(self.id)


class ModelInspectionStore:
    """Every method is a transaction of its own."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def exclusive(self, inspection_id: str) -> AbstractContextManager[bool]:
        """Whether this is the only one at that inspection, for as long as the block lasts."""
        key = advisory_lock.key_of(inspection_id)
        return advisory_lock.held(self._connection, _INSPECTION_LOCK, key)

    def due(self, places: int) -> list[str]:
        """The inspections at whose next step is nobody: those that have one of so many places, or may have one next."""
        return self._ids(_DUE, lock=_INSPECTION_LOCK, places=places)

    def due_for(self, sim_id: UUID) -> list[str]:
        """The inspection that this simulation waits for, if nobody has begun it."""
        return self._ids(_OF_SIMULATION, id=sim_id)

    def open(self, inspection_id: str) -> Inspection | None:
        """None where it has ended, or was forgotten."""
        with transaction(self._connection) as cursor:
            cursor.execute(_ONE, {"id": inspection_id})
            row = cursor.fetchone()
        return None if row is None else Inspection(**row)

    def model(self, inspection_id: str) -> Mapping[str, Any]:
        """Its Keras JSON, which may be megabytes."""
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT model FROM model_inspections WHERE id = %s", (inspection_id,))
            model: Mapping[str, Any] = cursor.fetchone()["model"]
        return model

    def begin(self, inspection_id: str, places: int) -> bool:
        """Takes one of so many places; False where there is none, or nothing to inspect."""
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_PLACES_LOCK,))
            cursor.execute(_BEGIN, {"id": inspection_id, "places": places})
            return bool(cursor.rowcount)

    def note_start(self, inspection_id: str) -> None:
        """Its process has its time from now on."""
        with transaction(self._connection) as cursor:
            cursor.execute(_NOTE_START, {"id": inspection_id})

    def finish(self, inspection_id: str, report: ModelReport) -> None:
        with transaction(self._connection) as cursor:
            told = report.model_dump_json()
            cursor.execute(_FINISH, {"id": inspection_id, "report": told})

    def fail(self, inspection_id: str, problem: str, report: ModelReport | None = None) -> None:
        """With what was found all the same."""
        with transaction(self._connection) as cursor:
            told = report and report.model_dump_json()
            values = {"id": inspection_id, "problem": storable(problem), "report": told}
            cursor.execute(_FAIL, values)

    def living(self) -> set[Handle]:
        """Of the inspections that may have a process."""
        return set(map(Handle.of_inspection, self._ids(_BEGUN)))

    def waiting(self, inspection_id: str) -> list[UUID]:
        """The simulations that go on, or fail, when it has ended."""
        with transaction(self._connection) as cursor:
            cursor.execute(_WAITING, {"id": inspection_id, "most": _MOST_RUNG})
            return [row["id"] for row in cursor.fetchall()]

    def delete_unused(self) -> None:
        """Removes inspections that no experiment refers to and nobody has asked for lately."""
        with transaction(self._connection) as cursor:
            cursor.execute("SELECT delete_unused_model_inspections()")

    def _ids(self, sql: str, **values: object) -> list[str]:
        with transaction(self._connection) as cursor:
            cursor.execute(sql, values)
            return [row["id"] for row in cursor.fetchall()]
