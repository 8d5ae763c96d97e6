"""What a simulation has stored, so that two trainings can be compared to the last bit."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from psycopg2 import sql

Query = Callable[..., list[tuple[Any, ...]]]

_COLUMNS = """
SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
FROM information_schema.columns
WHERE table_schema = 'public'
GROUP BY table_name HAVING 'sim_id' = ANY(array_agg(column_name::text))
"""
# What differs between two trainings of the same simulation: who it was, when, how often, and the frame that says so.
_INCIDENTAL = {"sim_id", "time", "attempt", "sha256"}
_TABLES_OF_THE_CLOCK = {"records", "simulation_events", "simulation_usage"}


class Stored(NamedTuple):
    """A row that a simulation reported, down to the last bit of every value."""

    table: str
    epoch: int | None
    digest: str


def stored_rows(query: Query, sim_id: UUID) -> Counter[Stored]:
    """Every row of it in every table, but for what is incidental."""
    found: Counter[Stored] = Counter()
    for table, columns in query(_COLUMNS):
        if table in _TABLES_OF_THE_CLOCK:
            continue
        compared = [name for name in columns if name not in _INCIDENTAL]
        statement = sql.SQL(
            "SELECT {epoch}, encode(sha256(record_send(ROW({columns}))), 'hex') FROM {table} WHERE sim_id = %s"
        ).format(
            epoch=sql.Identifier("epoch") if "epoch" in columns else sql.SQL("NULL"),
            columns=sql.SQL(", ").join(map(sql.Identifier, compared)),
            table=sql.Identifier(table),
        )
        found.update(Stored(table, epoch, digest) for epoch, digest in query(statement, (sim_id,)))
    return found
