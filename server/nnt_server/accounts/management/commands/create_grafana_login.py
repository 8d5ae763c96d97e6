"""Lets Grafana's role log in, with a password that only Grafana is told."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from psycopg2 import sql

from nnt_contract.installation import derive

_ROLE = "nnt_grafana"
_OWNER_ONLY = 0o600


class Command(BaseCommand):
    help = (
        f"Lets the role {_ROLE} log in, with a password made of NNT_SECRET_KEY, and writes it to a file. "
        "What the role may do says db/roles.sql."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where Grafana reads the password")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        password = derive(settings.NNT.secret_key.get_secret_value(), _ROLE)
        with connection.cursor() as cursor:
            statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(_ROLE))
            cursor.execute(statement, (password,))
        with open(file, "w", opener=_for_the_owner_only) as opened:
            opened.write(password)


def _for_the_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)
