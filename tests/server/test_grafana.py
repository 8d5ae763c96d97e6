"""What the server does for Grafana: a role that may log in, and who may come through the door."""

from contextlib import closing
from pathlib import Path

import psycopg2
from django.core.management import call_command
from django.db import connection


def test_grafana_s_role_logs_in_with_the_password_in_the_file(site, tmp_path: Path):
    file = tmp_path / "password"
    call_command("create_grafana_login", str(file))
    told = connection.settings_dict
    with (
        closing(
            psycopg2.connect(
                host=told["HOST"],
                port=told["PORT"],
                dbname=told["NAME"],
                user="nnt_grafana",
                password=file.read_text(),
            )
        ) as made,
        made.cursor() as cursor,
    ):
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("nnt_grafana",)
    assert file.stat().st_mode & 0o077 == 0


def test_the_door_is_told_who_is_logged_in(alice, anonymous):
    answers = [visitor.get("/accounts/signed-in/") for visitor in (alice, anonymous)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (401, b"")]
