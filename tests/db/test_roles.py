"""What Grafana's role may do: ask the functions of the charts, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from tests.conftest import ROOT, Postgres

Ask = Callable[..., list[tuple[Any, ...]]]

CHART_FUNCTIONS = {"epoch_values", "extra_metrics", "weight_statistics", "weight_variables"}


@pytest.fixture
def as_grafana(postgres: Postgres, database: str, query: Ask) -> Iterator[Ask]:
    """Runs a statement as the role."""
    # What a database itself lets nobody do is not copied with it.
    query((ROOT / "db" / "roles.sql").read_text().replace("%", "%%"))
    with closing(psycopg2.connect(postgres.url(database.rpartition("/")[2]))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION AUTHORIZATION nnt_grafana")

            def ask(statement: str, *values: object) -> list[tuple[Any, ...]]:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

            yield ask


def test_it_asks_what_charts_ask(as_grafana, make_simulation, query):
    sim_id = make_simulation()
    query("INSERT INTO epoch_values VALUES (%s, 0, now(), 0.5, 1, 2, 1)", sim_id)
    assert [row[2] for row in as_grafana("SELECT * FROM epoch_values(%s)", sim_id)] == [0.5]


def test_it_may_call_no_other_function_of_ours(as_grafana):
    callable_ones = as_grafana("""
        SELECT proname FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """)
    assert {name for (name,) in callable_ones} == CHART_FUNCTIONS


def test_it_may_read_and_write_no_table(as_grafana):
    allowed = as_grafana("""
        SELECT relname FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
          AND has_table_privilege(oid, privilege)
    """)
    assert allowed == []
    with pytest.raises(InsufficientPrivilege):
        as_grafana("SELECT * FROM simulations")


def test_it_owns_and_makes_nothing(as_grafana):
    assert as_grafana("SELECT FROM pg_class WHERE relowner = 'nnt_grafana'::regrole") == []
    for statement in ("CREATE TABLE mine (a int)", "CREATE TEMPORARY TABLE mine (a int)"):
        with pytest.raises(InsufficientPrivilege):
            as_grafana(statement)
