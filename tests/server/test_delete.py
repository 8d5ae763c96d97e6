"""Deleting: a question, a wish in the database, and a ring."""

from django.db import connection
from django.urls import reverse

from nnt_contract.status import Status, Wanted
from nnt_server.simulations import services
from nnt_server.simulations.models import Simulation, SimulationEvent
from tests.server.conftest import SERVICE_TOKEN, a_simulation, disappears


def address(simulation: Simulation) -> str:
    return reverse("delete_simulation", args=[simulation.id])


def test_asking_deletes_nothing(alice, doorbell):
    simulation = a_simulation(alice.user)
    page = alice.get(address(simulation)).content.decode()
    assert "Delete “digits”?" in page and "training is ended" in page
    assert Simulation.objects.get().wanted == Wanted.RUNNING and doorbell.rings == []


def test_the_question_says_how_much_is_lost(alice):
    simulation = a_simulation(alice.user)
    with connection.cursor() as cursor:
        for epoch in range(3):
            row = (str(simulation.id), epoch, 400_000)
            cursor.execute("INSERT INTO collections VALUES (%s, %s, 1, now(), '', %s)", row)
    # Django puts no-break spaces into sizes.
    page = alice.get(address(simulation)).content.decode().replace("\xa0", " ")
    assert "1.1 MB of weights are deleted too" in page


def test_the_question_comes_as_a_fragment_for_the_dialog(alice):
    answer = alice.get(address(a_simulation(alice.user)), headers={"HX-Request": "true"})
    assert answer.content.decode().startswith("<form")


def test_deleting_wishes_rings_and_shows_the_list(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation), follow=True)
    assert answer.redirect_chain == [(reverse("simulation_list"), 302)]
    assert "“digits” is being deleted, with" in answer.content.decode()
    assert doorbell.rings == [("DELETE", f"/simulations/{simulation.id}", None)]
    assert doorbell.tokens == {f"Bearer {SERVICE_TOKEN}"}


def test_deleting_writes_nothing_that_is_the_deployers(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING, threads=2, attempt=1)
    alice.post(address(simulation))
    before, after = vars(simulation), vars(Simulation.objects.get())
    changed = {name for name in after if name != "_state" and after[name] != before[name]}
    assert changed == {"wanted", "wanted_at"}


def test_a_deployer_that_is_away_does_not_lose_the_wish(alice, caplog):
    alice.post(address(a_simulation(alice.user)))
    assert Simulation.objects.get().wanted == Wanted.DELETED
    assert "did not hear" in caplog.text


def test_deleting_twice_is_fine_and_one_event(alice, doorbell):
    simulation = a_simulation(alice.user)
    assert {alice.post(address(simulation)).status_code for _ in range(2)} == {302}
    [event] = SimulationEvent.objects.all()
    assert (event.actor, event.what, event.status) == ("alice", "delete", None)


def test_what_is_gone_before_the_wish_arrives_needs_no_deletion(alice, doorbell, monkeypatch):
    simulation = a_simulation(alice.user)
    ask = services.ask_to_delete

    def be_slower(*arguments):
        disappears(simulation)
        ask(*arguments)

    monkeypatch.setattr(services, "ask_to_delete", be_slower)
    assert alice.post(address(simulation)).url == reverse("simulation_list")
    assert doorbell.rings == []
