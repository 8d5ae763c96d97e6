"""What must not happen twice at once, wherever it happens: locks that end with the connection that holds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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
