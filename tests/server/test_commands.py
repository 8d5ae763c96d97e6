"""What is run by hand or by a start-up script: migrate and create_administrator."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from nnt_server.accounts.models import User
from tests.server.conftest import PASSWORD


def functions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'"
        )
        return {name for (name,) in cursor.fetchall()}


def run(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def test_migrating_twice_is_fine(site_of_its_own):
    for _ in range(2):
        run("migrate")
    assert {"epoch_values", "delete_simulation"} <= functions()


def test_migrate_brings_back_a_function_as_it_is_in_its_file(site_of_its_own):
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION epoch_values")
    run("migrate")
    assert "epoch_values" in functions()


def test_only_looking_at_the_plan_applies_nothing(site_of_its_own):
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION epoch_values")
    run("migrate", "--plan")
    assert "epoch_values" not in functions()


def test_files_are_applied_all_or_none(site_of_its_own, tmp_path):
    folder = tmp_path / "db"
    (folder / "functions").mkdir(parents=True)
    (folder / "hypertables.sql").write_text("CREATE TABLE half_done ();")
    (folder / "functions" / "broken.sql").write_text("CREATE NONSENSE;")
    told = settings.NNT.model_copy(update={"db_dir": folder})
    with override_settings(NNT=told), pytest.raises(Exception, match="syntax error"):
        run("migrate")
    assert "half_done" not in connection.introspection.table_names()


def test_the_models_need_no_further_migration(site_of_its_own):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_first_administrator_gets_a_password_that_is_told_once(site):
    made = json.loads(run("create_administrator", "--username", "root"))
    user = User.objects.get(username="root")
    assert made["username"] == "root" and user.check_password(made["password"])
    assert user.is_staff and user.is_superuser and len(made["password"]) >= 20
    assert run("create_administrator", "--username", "another") == ""
    assert User.objects.count() == 1


def test_a_name_that_somebody_has_is_not_made_an_administrator(site):
    User.objects.create_user("root", password=PASSWORD)
    with pytest.raises(CommandError, match="'root' is taken"):
        run("create_administrator", "--username", "root")
    assert not User.objects.get().is_superuser
