"""The SQL of data inspections: the server writes that data are to be inspected, the data worker what was found."""

from contextlib import AbstractContextManager
from uuid import UUID

import psycopg2.extensions
import psycopg2.extras

from nnt_contract.data_report import DataReport
from nnt_contract.part import Part
from nnt_deployer import advisory_lock
from nnt_deployer.data_inspection.request import Inspection
from nnt_deployer.storable import storable
from nnt_deployer.transaction import transaction

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

_INSPECTION_LOCK = 7008
_MOST_RUNG = 100  # the loop looks at the others, which have no place yet

# An inspection is there for simulations that wait for it, once all data are. What failed is tried again for who was
# asked to start since.
_AWAITED = """
i.finished_at IS NULL
AND num_nonnulls(x.train_dataset_id, x.validation_dataset_id, x.test_dataset_id) = 3
AND EXISTS (
    SELECT FROM simulations s
    WHERE s.experiment_id = x.id AND s.status = 'queued' AND s.wanted = 'running'
      AND (i.failed_at IS NULL OR s.wanted_at > i.failed_at)
)"""

# Users take turns.
_DUE = f"""
SELECT x.id FROM data_inspections i JOIN experiments x ON x.id = i.experiment_id
WHERE {_AWAITED} AND {advisory_lock.NOBODY_AT.format(id="x.id::text")}
"""  # nosec B608  # constants only
_IN_TURNS = """
ORDER BY row_number() OVER (PARTITION BY x.owner_id ORDER BY x.created_at, x.id), x.created_at, x.id
"""
_OF_SIMULATION = "AND x.id = (SELECT s.experiment_id FROM simulations s WHERE s.id = %(sim_id)s)"

_IS_AWAITED = f"""
SELECT FROM data_inspections i JOIN experiments x ON x.id = i.experiment_id
WHERE x.id = %(id)s AND {_AWAITED}
"""  # nosec B608  # constants only

# Simulations of an experiment share the model, and in their configurations the names inside the data.
_BEGIN = f"""
UPDATE data_inspections i
SET started_at = clock_timestamp(), problem = '', failed_at = NULL
FROM experiments x
CROSS JOIN LATERAL (
    SELECT o.model, o.configuration FROM simulations o WHERE o.experiment_id = x.id LIMIT 1
) one
WHERE i.experiment_id = x.id AND x.id = %(id)s AND {_AWAITED}
RETURNING x.train_dataset_id, x.validation_dataset_id, x.test_dataset_id, x.file_names,
    one.model, one.configuration
"""  # nosec B608  # constants only

_FINISH = """
UPDATE data_inspections SET report = %(report)s, finished_at = clock_timestamp() WHERE experiment_id = %(id)s
"""
_FAIL = """
UPDATE data_inspections SET problem = %(problem)s, failed_at = clock_timestamp() WHERE experiment_id = %(id)s
"""
_WAITING = """
SELECT id FROM simulations WHERE experiment_id = %(id)s AND status = 'queued' AND wanted = 'running'
ORDER BY wanted_at, id LIMIT %(most)s
"""


class DataInspectionStore:
    """Every method is a transaction of its own."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def exclusive(self, experiment_id: UUID) -> AbstractContextManager[bool]:
        """Whether this is the only one at that inspection, for as long as the block lasts."""
        key = advisory_lock.key_of(experiment_id.hex)
        return advisory_lock.held(self._connection, _INSPECTION_LOCK, key)

    def due(self) -> list[UUID]:
        """The experiments whose data a simulation waits for, and nobody inspects."""
        return self._ids(_DUE + _IN_TURNS, lock=_INSPECTION_LOCK)

    def due_for(self, sim_id: UUID) -> list[UUID]:
        """The experiment of this simulation, if it is one of these."""
        return self._ids(_DUE + _OF_SIMULATION, lock=_INSPECTION_LOCK, sim_id=sim_id)

    def begin(self, experiment_id: UUID) -> Inspection | None:
        """What is to be inspected; None if nobody waits for it."""
        with transaction(self._connection) as cursor:
            cursor.execute(_BEGIN, {"id": experiment_id})
            row = cursor.fetchone()
        if row is None:
            return None
        hashes: dict[Part, str] = {
            "train": row["train_dataset_id"],
            "validation": row["validation_dataset_id"],
            "test": row["test_dataset_id"],
        }
        return Inspection(
            experiment_id, hashes, row["file_names"], row["model"], row["configuration"]
        )

    def is_awaited(self, experiment_id: UUID) -> bool:
        with transaction(self._connection) as cursor:
            cursor.execute(_IS_AWAITED, {"id": experiment_id})
            return cursor.fetchone() is not None

    def finish(self, experiment_id: UUID, report: DataReport) -> None:
        with transaction(self._connection) as cursor:
            cursor.execute(_FINISH, {"id": experiment_id, "report": report.model_dump_json()})

    def fail(self, experiment_id: UUID, problem: str) -> None:
        with transaction(self._connection) as cursor:
            cursor.execute(_FAIL, {"id": experiment_id, "problem": storable(problem)})

    def waiting(self, experiment_id: UUID) -> list[UUID]:
        """The simulations that go on, or fail, now that it has ended."""
        return self._ids(_WAITING, id=experiment_id, most=_MOST_RUNG)

    def _ids(self, sql: str, **values: object) -> list[UUID]:
        with transaction(self._connection) as cursor:
            cursor.execute(sql, values)
            return [row["id"] for row in cursor.fetchall()]
