"""What is run by hand or by a start-up script: migrate and create_administrator."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import override_settings

from nnt_contract.status import Status
from nnt_server.accounts.models import User
from nnt_server.simulations.models import Simulation
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


def test_what_failed_before_lifecycles_came_is_not_taken_as_asked_to_start_again(site_of_its_own):
    MigrationExecutor(connection).migrate([("simulations", "0003_weight_summaries")])
    with connection.cursor() as cursor:
        cursor.execute(_OLD_ROWS, [PASSWORD])
    MigrationExecutor(connection).migrate([("simulations", "0004_lifecycle")])
    old = Simulation.objects.get()
    assert old.shown_status is Status.FAILED and old.shown_reason == "out of memory"


_OLD_ROWS = """
WITH owner AS (
    INSERT INTO users (username, password, is_superuser, is_staff, is_active, date_joined, first_name, last_name, email)
    VALUES ('alice', %s, false, false, true, now(), '', '', '') RETURNING id
), dataset AS (
    INSERT INTO datasets (sha256, bytes) VALUES ('', 1) RETURNING sha256
), experiment AS (
    INSERT INTO experiments (id, owner_id, name, train_dataset_id, validation_dataset_id, test_dataset_id)
    SELECT gen_random_uuid(), owner.id, 'old', sha256, sha256, sha256 FROM owner, dataset RETURNING id, owner_id
)
INSERT INTO simulations (id, experiment_id, owner_id, name, model, configuration, seed, expected_collections,
                         status, reason, status_changed_at)
SELECT gen_random_uuid(), id, owner_id, 'old', '{}', '{}', 7, 1, 'failed', 'out of memory', now() FROM experiment
"""


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
