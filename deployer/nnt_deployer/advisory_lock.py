"""What must not happen twice at once, wherever it happens: locks that end with the connection that holds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# A condition for the SQL that looks for something to do: {id} is text of hexadecimal digits, %(lock)s the kind.
NOBODY_AT = """
NOT EXISTS (
    SELECT FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = %(lock)s
      AND l.objid::bigint = ('x' || left({id}, 8))::bit(32)::bigint
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
)"""


def key_of(hexadecimal: str) -> int:
    """The key by which NOBODY_AT knows an id."""
    return int.from_bytes(bytes.fromhex(hexadecimal[:8]), signed=True)


@contextmanager
def held(connection: Any, kind: int, key: int) -> Iterator[bool]:
    """Whether this is the only one that holds the lock, for as long as the block lasts."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (kind, key))
        [got] = cursor.fetchone()
    try:
        yield got
    finally:
        if got:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (kind, key))
