"""Deleting an account: it is shut at once, and its row goes with the last of its simulations."""

import threading
from collections.abc import Mapping
from contextlib import closing

import psycopg2
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse

from nnt_contract.part import Part
from nnt_contract.simulation_config import Configuration
from nnt_contract.status import Status
from nnt_server.accounts import services, tokens
from nnt_server.accounts.models import ApiToken, User
from nnt_server.errors import Refused
from nnt_server.simulations.grid import Cell
from nnt_server.simulations.models import Experiment, Simulation, SimulationEvent
from nnt_server.simulations.services import create_experiment
from tests.server.conftest import (
    CONFIGURATION,
    MODEL,
    PASSWORD,
    Visitor,
    a_simulation,
    arrives,
    disappears,
)
from tests.server.test_accounts import is_in, logged_in

LEAVE = {"leave-current_password": PASSWORD}


def test_the_question_says_what_will_be_gone(alice):
    a_simulation(alice.user, status=Status.FINISHED)
    a_simulation(alice.user, status=Status.RUNNING)
    tokens.create_token(alice.user, "laptop")
    page = alice.get(reverse("delete_account")).content.decode()
    assert "2 simulations, of which 1 has not ended" in page
    assert "1 API token" in page
    assert User.objects.filter(is_active=True).exists()


def test_who_has_nothing_is_gone_at_once(alice):
    tokens.create_token(alice.user, "laptop")
    answer = alice.post(reverse("delete_account"), LEAVE, follow=True)
    assert "Your account is deleted" in answer.content.decode()
    assert not User.objects.exists() and not ApiToken.objects.exists()
    assert not is_in(alice)


@pytest.mark.parametrize("sent", [{}, {"leave-current_password": "wrong"}])
def test_leaving_needs_the_password(alice, sent):
    assert alice.post(reverse("delete_account"), sent).status_code in (200, 422)
    assert User.objects.get().is_active


def test_an_account_with_simulations_is_shut_at_once_and_goes_with_the_last(alice):
    elsewhere = logged_in("alice")
    secret = tokens.create_token(alice.user, "laptop")
    running = a_simulation(alice.user, status=Status.RUNNING)
    ended = a_simulation(alice.user, status=Status.FINISHED)
    arrives(ended, 0, 1.0, 0.5, None, None)
    assert alice.post(reverse("delete_account"), LEAVE).url == reverse("home")

    assert not is_in(alice) and not is_in(elsewhere) and not is_in(logged_in("alice"))
    assert tokens.user_of_token(secret) is None
    assert set(Simulation.objects.values_list("wanted", flat=True)) == {"deleted"}
    events = SimulationEvent.objects.values_list("simulation_id", "actor", "what")
    assert set(events) == {(sim.id, "alice", "delete") for sim in (running, ended)}

    disappears(ended)
    assert User.objects.filter(username="alice").exists()
    disappears(running)
    assert not User.objects.exists() and not Experiment.objects.exists()


def test_what_was_being_deleted_already_gets_no_second_event(alice):
    simulation = a_simulation(alice.user)
    alice.post(reverse("delete_simulation", args=[simulation.id]))
    alice.post(reverse("delete_account"), LEAVE)
    assert SimulationEvent.objects.count() == 1
    disappears(simulation)
    assert not User.objects.exists()


def test_simulations_of_others_stay(alice, bob):
    of_alice, of_bob = a_simulation(alice.user), a_simulation(bob.user)
    alice.post(reverse("delete_account"), LEAVE)
    of_bob.refresh_from_db()
    assert of_bob.wanted == "running"
    disappears(of_bob)
    assert User.objects.filter(username="bob").exists()
    disappears(of_alice)
    assert [user.username for user in User.objects.all()] == ["bob"]


def test_nothing_is_done_by_halves(alice, monkeypatch):
    """An error at the last simulation leaves the account and the first one as they were."""
    for _ in range(2):
        a_simulation(alice.user)
    asked = []

    def fails_later(actor, what, sim_id):
        asked.append(sim_id)
        if len(asked) == 2:
            raise RuntimeError("the database went away")

    monkeypatch.setattr("nnt_server.simulations.services._note", fails_later)
    with pytest.raises(RuntimeError):
        services.leave(alice.user, alice.user)
    assert User.objects.get().is_active
    assert set(Simulation.objects.values_list("wanted", flat=True)) == {"running"}


def test_a_long_upload_of_somebody_who_left_meanwhile_makes_nothing(alice):
    a_simulation(alice.user)
    services.leave(alice.user, alice.user)
    file = SimpleUploadedFile("d.npz", b"data")
    files: Mapping[Part, SimpleUploadedFile] = {"train": file, "validation": file, "test": file}
    cell = Cell("late", Configuration.model_validate(CONFIGURATION))
    with pytest.raises(PermissionDenied):
        create_experiment(alice.user, "late", MODEL, [cell], files, {})
    assert Simulation.objects.count() == 1


def test_two_that_are_deleted_at_once_leave_no_account_behind(alice):
    simulations = [a_simulation(alice.user) for _ in range(2)]
    services.leave(alice.user, alice.user)
    with closing(_second_connection()) as other:
        second = threading.Thread(target=_delete, args=(other, simulations[1].id))
        with transaction.atomic():
            disappears(simulations[0])
            second.start()
            second.join(0.3)
            assert second.is_alive()  # it waits for the first
        second.join(10)
    assert not User.objects.exists() and not Simulation.objects.exists()


def _second_connection() -> "psycopg2.extensions.connection":
    parameters = connection.get_connection_params()
    opened: psycopg2.extensions.connection = psycopg2.connect(
        **{**parameters, "cursor_factory": None}
    )
    return opened


def _delete(other: "psycopg2.extensions.connection", sim_id: object) -> None:
    with other, other.cursor() as cursor:
        cursor.execute("SELECT delete_simulation(%s)", [sim_id])


def test_the_only_administrator_cannot_leave(administrator):
    answer = administrator.post(reverse("delete_account"), LEAVE)
    assert answer.status_code == 422 and "the only administrator" in answer.content.decode()
    assert is_in(administrator)
    Visitor("second", is_staff=True)
    assert administrator.post(reverse("delete_account"), LEAVE).status_code == 302


def test_a_disabled_administrator_does_not_count(administrator):
    Visitor("second", is_staff=True, is_active=False)
    with pytest.raises(Refused):
        services.leave(administrator.user, administrator.user)


def test_leaving_twice_is_leaving_once(alice):
    a_simulation(alice.user)
    services.leave(alice.user, alice.user)
    services.leave(alice.user, alice.user)
    assert SimulationEvent.objects.count() == 1


def test_every_table_that_refers_to_people_is_emptied_of_them(site):
    """Whoever adds such a table has to say in delete_leaving_user.sql what becomes of its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND confrelid = 'users'::regclass
            """
        )
        referring = {table for (table,) in cursor.fetchall()}
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'delete_leaving_user'")
        ((source,),) = cursor.fetchall()
    assert {table for table in referring if f"FROM {table} " not in source} == set()
