"""This service's SQL about records: what a simulation says besides metrics and weights."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nnt_contract.records import Record
from nnt_contract.updates import Collection, Finish

# A record is one of its kind and epoch: repeated it changes nothing, and that of a newer attempt takes its place.
_STORE = """
INSERT INTO records (sim_id, kind, epoch, attempt, time, content)
SELECT %(sim_id)s, r.kind, r.epoch, %(attempt)s, %(time)s, r.content::jsonb
FROM unnest(%(kinds)s::text[], %(epochs)s::integer[], %(contents)s::text[]) AS r (kind, epoch, content)
ON CONFLICT (sim_id, kind, epoch) DO UPDATE
SET attempt = excluded.attempt, time = excluded.time, content = excluded.content
WHERE records.attempt < excluded.attempt
"""


def store_records(cursor: Any, update: Collection | Finish, time: datetime) -> None:
    """Stores what comes with the update, in the transaction in which that is stored."""
    if update.records:
        about = {"sim_id": update.sim_id, "attempt": update.attempt, "time": time}
        cursor.execute(_STORE, about | _columns(update.records))


def _columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "kinds": [record.kind for record in records],
        "epochs": [record.epoch for record in records],
        "contents": [record.model_dump_json(exclude={"kind", "epoch"}) for record in records],
    }
