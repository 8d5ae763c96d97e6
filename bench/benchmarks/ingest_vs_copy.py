"""How fast a collection is taken in, beside a bare COPY of the same weights into the same database."""

import time
from contextlib import closing
from io import BytesIO

import psycopg2
import psycopg2.extensions

from bench.measurement import Benchmark, Bound, Comparison, Measurement, interleaved, ratio
from bench.networks import APPENDIX_D, MILLION, Network
from bench.sender import Sender, sender
from bench.services import Services, running_services

_COPY, _INGEST = "bare COPY", "POST to committed"
_WARM_UPS = 3
_BUFFER = 2**18
_STORED = "COPY (SELECT * FROM weights WHERE sim_id = %s AND epoch = %s) TO STDOUT (FORMAT binary)"


def run(quick: bool) -> Measurement:
    repeats = 5 if quick else 25
    with running_services() as services:
        small = _compare(services, APPENDIX_D, repeats)
        large = _compare(services, MILLION, repeats)
    return Measurement(value=large.value, sides=large.sides, beside={str(APPENDIX_D): small})


def _compare(services: Services, network: Network, repeats: int) -> Comparison:
    with (
        sender(services, network) as ours,
        closing(psycopg2.connect(services.database_url)) as connection,
    ):
        with connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bare")
            cursor.execute("CREATE TABLE bare (LIKE weights INCLUDING ALL)")
        samples = interleaved(
            repeats,
            {_INGEST: lambda: _ingest(ours), _COPY: lambda: _copy(connection, ours)},
            _WARM_UPS,
        )
    return ratio(_COPY, _INGEST, "s", samples)


def _ingest(ours: Sender) -> float:
    path = ours.put(*ours.next_epoch())
    began = time.perf_counter()
    ours.deliver(path)
    took = time.perf_counter() - began
    ours.clear(path)
    return took


def _copy(connection: psycopg2.extensions.connection, ours: Sender) -> float:
    """Copies what the parser has just stored: the same rows, whatever it makes of a collection."""
    rows = BytesIO()
    with connection, connection.cursor() as cursor:
        cursor.copy_expert(
            cursor.mogrify(_STORED, (ours.sim_id, ours.committed)).decode(), rows, _BUFFER
        )
    rows.seek(0)
    began = time.perf_counter()
    with connection, connection.cursor() as cursor:
        cursor.copy_expert("COPY bare FROM STDIN (FORMAT binary)", rows, _BUFFER)
    return time.perf_counter() - began


BENCHMARK = Benchmark(
    name="ingest_vs_copy",
    question="How fast is a collection taken in, compared with a bare COPY of its weights?",
    how=f"""
A collection of {MILLION}, all weights, is sent as a simulation sends it: a frame from the outbox by HTTP. The
clock runs from the start of the POST until another connection sees the collection committed (a look every two
milliseconds); in between are the token, the spool with its fsync, Celery, statistics and envelope, and one
transaction. The other side is what PostgreSQL takes at least: the same rows of `weights`, prepared in memory as
binary COPY, into a table of the same columns, index and storage in the same database, through psycopg2 in one
transaction (the size of its buffer makes no difference). Value: the median time of COPY by that of the
collection.
""",
    unit="times the speed of a bare COPY",
    bound=Bound(at_least=0.5),
    run=run,
)
