"""What users ask of simulations: what the services write, and the buttons that call them."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from nnt_contract.status import Command, Status, Wanted
from nnt_server.errors import IllegalCommand
from nnt_server.simulations import services
from nnt_server.simulations.models import Simulation, SimulationEvent
from tests.server.conftest import SERVICE_TOKEN, Visitor, a_simulation, becomes, disappears

HTMX = {"HX-Request": "true"}
AGO = timedelta(minutes=1)

# What each command leads to while the deployer has not done anything yet.
POSSIBLE = [
    (Command.PAUSE, Status.QUEUED, Wanted.RUNNING, "pausing"),
    (Command.PAUSE, Status.PREPARING, Wanted.RUNNING, "pausing"),
    (Command.PAUSE, Status.RUNNING, Wanted.RUNNING, "pausing"),
    (Command.RESUME, Status.PAUSED, Wanted.PAUSED, "resuming"),
    (Command.RESUME, Status.RUNNING, Wanted.PAUSED, "running"),
    (Command.STOP, Status.QUEUED, Wanted.RUNNING, "stopping"),
    (Command.STOP, Status.RUNNING, Wanted.RUNNING, "stopping"),
    (Command.STOP, Status.PAUSED, Wanted.PAUSED, "stopping"),
    (Command.START, Status.STOPPED, Wanted.STOPPED, "starting"),
    (Command.START, Status.FAILED, Wanted.RUNNING, "starting"),
]


def address(simulation: Simulation, command: Command) -> str:
    return reverse("command", args=[simulation.id, command])


def buttons(page: str) -> set[str]:
    """The commands that a page offers."""
    return set(re.findall(r'<button[^>]* formaction="[^"]*/(\w+)/"', page))


def page_of(visitor: Visitor, simulation: Simulation) -> str:
    return str(visitor.get(reverse("simulation", args=[simulation.id])).content.decode())


@pytest.mark.parametrize(("command", "status", "wanted", "label"), POSSIBLE)
def test_a_command_writes_what_is_wanted_and_nothing_of_the_deployers(
    alice, doorbell, command, status, wanted, label
):
    then = timezone.now() - AGO
    simulation = a_simulation(
        alice.user, status=status, wanted=wanted, wanted_at=then, status_changed_at=then
    )
    services.command(simulation, command, alice.user)
    before, after = vars(simulation), vars(Simulation.objects.get())
    changed = {name for name in after if name != "_state" and after[name] != before[name]}
    assert changed - {"wanted"} == {"wanted_at"}
    assert after["wanted"] == command.wants
    assert Simulation.objects.get().label == label


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (Command.PAUSE, "PAUSE"),
        (Command.RESUME, "START"),
        (Command.STOP, "STOP"),
        (Command.START, "START"),
    ],
)
def test_the_deployer_is_rung_once_it_is_committed(alice, doorbell, command, verb):
    _, status, wanted, _ = next(case for case in POSSIBLE if case[0] is command)
    simulation = a_simulation(alice.user, status=status, wanted=wanted)
    with transaction.atomic():
        services.command(simulation, command, alice.user)
        assert doorbell.rings == []
    assert doorbell.rings == [("POST", f"/simulations/{simulation.id}/{verb}", None)]
    assert doorbell.tokens == {f"Bearer {SERVICE_TOKEN}"}


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (command, status)
        for command in Command
        for status in Status
        if status not in command.possible_in
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason_and_changes_nothing(
    alice, doorbell, command, status
):
    wanted = {Status.PAUSED: Wanted.PAUSED, Status.STOPPING: Wanted.STOPPED}.get(
        status, Wanted.RUNNING
    )
    simulation = a_simulation(alice.user, status=status, wanted=wanted)
    with pytest.raises(IllegalCommand, match=f"“digits” is {status}. Only what is .+ can be "):
        services.command(simulation, command, alice.user)
    after = Simulation.objects.get()
    assert (after.wanted, after.wanted_at) == (wanted, simulation.wanted_at)
    assert doorbell.rings == [] and not SimulationEvent.objects.exists()


@pytest.mark.parametrize("command", Command)
def test_nothing_is_asked_of_what_is_being_deleted(alice, doorbell, command):
    simulation = a_simulation(alice.user, status=Status.RUNNING, wanted=Wanted.DELETED)
    with pytest.raises(IllegalCommand, match="is deleting"):
        services.command(simulation, command, alice.user)


def test_a_command_is_judged_by_the_state_when_its_turn_comes(alice, doorbell):
    """The deployer changes the status while the command waits for the row."""
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    refused = []

    def pause() -> None:
        try:
            services.command(simulation, Command.PAUSE, alice.user)
        except IllegalCommand as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    with transaction.atomic():
        Simulation.objects.select_for_update().get()
        waiting = threading.Thread(target=pause)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive(), "the command waits for who holds the row"
        becomes(simulation, Status.FINISHED)
    waiting.join()
    assert refused == [
        "“digits” is finished. Only what is queued, preparing or running can be paused."
    ]


def test_starting_again_is_later_than_the_end_that_was_seen(alice, doorbell):
    """Else the deployer would take the wish for the one that led to that end."""
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    with transaction.atomic():  # one in which now() is the same all the time
        becomes(simulation, Status.FAILED, "out of memory")
        services.command(simulation, Command.START, alice.user)
    after = Simulation.objects.get()
    assert after.wanted_at > after.status_changed_at
    assert after.shown_status is Status.QUEUED and after.shown_reason == ""


def test_a_command_is_possible_again_only_as_what_was_asked_before_allows(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    services.command(simulation, Command.PAUSE, alice.user)
    assert Simulation.objects.get().possible_commands == [Command.RESUME, Command.STOP]
    services.command(simulation, Command.STOP, alice.user)
    assert Simulation.objects.get().possible_commands == []
    becomes(simulation, Status.STOPPED)
    assert Simulation.objects.get().possible_commands == [Command.START]


def test_a_collection_that_is_being_stored_holds_up_no_command(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    parser = connection.copy()
    with parser.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM simulations WHERE id = %s FOR KEY SHARE", [simulation.id])
        with transaction.atomic(), connection.cursor() as mine:
            mine.execute("SET LOCAL lock_timeout = '2s'")
            services.command(simulation, Command.PAUSE, alice.user)
        cursor.execute("ROLLBACK")
    parser.close()
    assert Simulation.objects.get().wanted == Wanted.PAUSED


def test_a_deployer_that_is_away_does_not_lose_a_command(alice, caplog):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation, Command.STOP), follow=True)
    assert Simulation.objects.get().wanted == Wanted.STOPPED
    assert "“digits” is being stopped." in answer.content.decode()
    assert "did not hear" in caplog.text


def test_a_deployer_that_refuses_does_not_lose_a_command(alice, doorbell):
    doorbell.answer = 500
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    assert alice.post(address(simulation, Command.PAUSE)).status_code == 302
    assert Simulation.objects.get().wanted == Wanted.PAUSED


@pytest.mark.parametrize(
    ("status", "wanted", "offered"),
    [
        (Status.QUEUED, Wanted.RUNNING, {"pause", "stop"}),
        (Status.PREPARING, Wanted.RUNNING, {"pause", "stop"}),
        (Status.RUNNING, Wanted.RUNNING, {"pause", "stop"}),
        (Status.RUNNING, Wanted.PAUSED, {"resume", "stop"}),
        (Status.PAUSED, Wanted.PAUSED, {"resume", "stop"}),
        (Status.PAUSED, Wanted.RUNNING, {"pause", "stop"}),
        (Status.RUNNING, Wanted.STOPPED, set()),
        (Status.STOPPING, Wanted.STOPPED, set()),
        (Status.STOPPED, Wanted.STOPPED, {"start"}),
        (Status.FAILED, Wanted.RUNNING, {"start"}),
        (Status.FINISHING, Wanted.RUNNING, set()),
        (Status.FINISHED, Wanted.RUNNING, set()),
        (Status.RUNNING, Wanted.DELETED, set()),
    ],
)
def test_list_and_page_offer_what_is_possible_and_nothing_else(alice, status, wanted, offered):
    simulation = a_simulation(alice.user, status=status, wanted=wanted)
    assert buttons(page_of(alice, simulation)) == offered
    assert buttons(alice.get(reverse("simulation_list")).content.decode()) == offered


def test_without_script_a_button_leads_back_to_the_page(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation, Command.PAUSE), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(reverse("simulation", args=[simulation.id]), 302)]
    assert "“digits” is being paused." in page and ">pausing</span>" in page


def test_without_script_a_button_leads_back_to_its_page_of_the_list(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation, Command.STOP), {"page": "3"}, follow=True)
    assert answer.redirect_chain == [(f"{reverse('simulation_list')}?page=3", 302)]
    assert ">stopping</span>" in answer.content.decode()


def test_without_script_a_refusal_is_said_on_the_page(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    page = alice.post(address(simulation, Command.STOP), follow=True).content.decode()
    assert "“digits” is finished. Only what is" in page and 'class="notice error"' in page


def test_where_a_button_leads_back_is_never_another_site(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation, Command.PAUSE), {"page": "//evil.example"})
    assert answer.url == f"{reverse('simulation_list')}?page=%2F%2Fevil.example"


def test_htmx_is_answered_with_the_list_as_it_is_now(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    answer = alice.post(address(simulation, Command.PAUSE), {"page": "1"}, headers=HTMX)
    fragment = answer.content.decode()
    assert answer.status_code == 200 and '<section id="simulations"' in fragment
    assert ">pausing</span>" in fragment and buttons(fragment) == {"resume", "stop"}
    assert re.search(r'id="refused"[^>]* hidden>', fragment)


def test_htmx_is_answered_with_the_page_as_it_is_now_and_the_event_in_its_history(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.STOPPED, wanted=Wanted.STOPPED)
    answer = alice.post(address(simulation, Command.START), headers=HTMX)
    fragment = answer.content.decode()
    assert '<section id="simulation"' in fragment and ">starting</span>" in fragment
    assert "asked to start again" in fragment
    assert "asked" in answer.headers["HX-Trigger"], "what follows the log looks again"


def test_htmx_is_refused_with_409_the_reason_and_the_state_as_it_is_now(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    answer = alice.post(address(simulation, Command.PAUSE), {"page": "1"}, headers=HTMX)
    fragment = answer.content.decode()
    assert answer.status_code == 409
    assert (
        "“digits” is finished. Only what is queued, preparing or running can be paused." in fragment
    )
    assert not re.search(r'id="refused"[^>]* hidden>', fragment)
    assert ">finished</span>" in fragment and buttons(fragment) == set()


def test_a_command_to_what_was_deleted_meanwhile_is_404(alice, doorbell, monkeypatch):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    command = services.command

    def be_slower(*arguments):
        disappears(simulation)
        command(*arguments)

    monkeypatch.setattr(services, "command", be_slower)
    assert alice.post(address(simulation, Command.PAUSE)).status_code == 404


def test_an_unknown_command_has_no_address(alice):
    simulation = a_simulation(alice.user)
    there = reverse("simulation", args=[simulation.id])
    assert alice.post(f"{there}explode/").status_code == 404
