"""How many bytes on disk a collected value costs."""

from contextlib import closing

import psycopg2

from bench.measurement import Benchmark, Bound, Comparison, Measurement, Side
from bench.networks import APPENDIX_D, MILLION, Network
from bench.sender import sender
from bench.services import Services, running_services

_COLLECTIONS = 20

# Every table outside the catalogue, so that none is forgotten; a hypertable's chunks are tables too.
_BYTES = """
SELECT c.relname, pg_total_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


def run(quick: bool) -> Measurement:
    collections = 5 if quick else _COLLECTIONS
    with running_services() as services:
        large = _measure(services, MILLION, collections)
    with running_services() as services:
        small = _measure(services, APPENDIX_D, collections)
    return Measurement(value=large.value, sides=large.sides, beside={str(APPENDIX_D): small})


def _measure(services: Services, network: Network, collections: int) -> Comparison:
    with sender(services, network) as ours:
        before = _bytes(services)
        for _ in range(collections):
            ours.send()
        after = _bytes(services)
    growth = {table: after[table] - before.get(table, 0) for table in after}
    sides = {
        "values collected": Side(unit="values", samples=[network.parameters * collections]),
        **{
            f"table {table}": Side(unit="bytes", samples=[size])
            for table, size in sorted(growth.items(), key=lambda item: -item[1])
            if size
        },
    }
    return Comparison(value=sum(growth.values()) / (network.parameters * collections), sides=sides)


def _bytes(services: Services) -> dict[str, float]:
    """The bytes of each table with its indexes, once all of them are on disk."""
    with closing(psycopg2.connect(services.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute(_BYTES)
            return {name: float(size) for name, size in cursor.fetchall()}


BENCHMARK = Benchmark(
    name="storage_per_value",
    question="How many bytes on disk does a collected value cost?",
    how=f"""
{_COLLECTIONS} collections of {MILLION}, whose weights all change from one to the next, are sent and stored. By
how much every table has grown, with TOAST, indexes, free space and visibility maps (pg_total_relation_size
after a VACUUM, which writes those maps), is summed and divided by the number of values. A float32 has 4 bytes.
""",
    unit="bytes per float32",
    bound=Bound(at_most=4.5),
    run=run,
)
