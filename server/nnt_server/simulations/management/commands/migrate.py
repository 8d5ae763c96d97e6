"""Django's migrate, followed by what lives as SQL files: hypertables, functions, and a role that may call some."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections, transaction


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        only_looks = options["plan"] or options["check_unapplied"]
        if only_looks or options["app_label"]:
            return
        files = sql_files(settings.NNT.db_dir)
        with (
            transaction.atomic(options["database"]),
            connections[options["database"]].cursor() as c,
        ):
            for file in files:
                c.execute(file.read_text())
        if options["verbosity"] >= 1:
            self.stdout.write(f"Applied {len(files)} files of {settings.NNT.db_dir}.")


def sql_files(folder: Path) -> list[Path]:
    """Every file that can be applied again and again, in the order in which they build on each other."""
    functions = sorted((folder / "functions").glob("*.sql"))
    return [folder / "hypertables.sql", *functions, folder / "roles.sql"]
