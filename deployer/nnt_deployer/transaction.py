"""Transactions of a connection to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions
import psycopg2.extras


@contextmanager
def transaction(connection: psycopg2.extensions.connection) -> Iterator[Any]:
    """A cursor, whose rows are dictionaries; what it did is committed at the end unless the body raises."""
    with (
        connection,
        connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
    ):
        yield cursor
