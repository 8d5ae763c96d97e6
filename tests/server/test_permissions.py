"""Who may see and do what, and how it is said; tests/authority has every address and everybody who may try it."""

import pytest
from django.urls import reverse

from nnt_contract.status import Command, Status, Wanted
from nnt_server.simulations.models import Simulation, SimulationEvent
from tests.server.conftest import a_simulation, unknown

PUBLIC = {"home", "sign_up", "log_in"}
OF_ONE_SIMULATION = (
    "simulation",
    "epoch_values",
    "history",
    "log",
    "whole_log",
    "delete_simulation",
)
OF_EVERYBODY_LOGGED_IN = ("simulation_list", "new_simulation", "account", "delete_account")
OF_ADMINISTRATORS = ("machine", "users")

pytestmark = pytest.mark.usefixtures("doorbell")


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_anonymous_sees_what_is_public(anonymous, name):
    assert anonymous.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_who_is_logged_in_is_led_from_the_public_pages_to_the_list(alice, name):
    assert alice.get(reverse(name)).url == reverse("simulation_list")


@pytest.mark.parametrize("name", [*OF_EVERYBODY_LOGGED_IN, *OF_ADMINISTRATORS, "log_out"])
def test_anonymous_is_sent_to_the_log_in_page_and_back(anonymous, name):
    answer = anonymous.get(reverse(name))
    assert answer.status_code == 302
    assert answer.url == f"{reverse('log_in')}?next={reverse(name)}"


@pytest.mark.parametrize("name", OF_ONE_SIMULATION)
def test_anonymous_is_sent_to_the_log_in_page_from_a_simulation(anonymous, alice, name):
    answer = anonymous.get(reverse(name, args=[a_simulation(alice.user).id]))
    assert answer.status_code == 302 and answer.url.startswith(reverse("log_in"))


@pytest.mark.parametrize("name", OF_EVERYBODY_LOGGED_IN)
def test_who_is_logged_in_sees_the_common_pages(alice, name):
    assert alice.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OF_ADMINISTRATORS)
def test_only_administrators_see_what_is_about_everybody(alice, administrator, name):
    assert alice.get(reverse(name)).status_code == 404
    assert administrator.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OF_ONE_SIMULATION)
def test_the_owner_sees_a_simulation(alice, name):
    assert alice.get(reverse(name, args=[a_simulation(alice.user).id])).status_code == 200


@pytest.mark.parametrize("name", OF_ONE_SIMULATION)
def test_a_stranger_gets_404_as_for_what_does_not_exist(alice, bob, name):
    somebody_elses = bob.get(reverse(name, args=[a_simulation(alice.user).id]))
    missing = bob.get(reverse(name, args=[unknown()]))
    assert somebody_elses.status_code == missing.status_code == 404
    assert somebody_elses.content == missing.content


@pytest.mark.parametrize("name", OF_ONE_SIMULATION)
def test_an_administrator_sees_everybodys_simulation(alice, administrator, name):
    answer = administrator.get(reverse(name, args=[a_simulation(alice.user).id]))
    assert answer.status_code == 200


def test_the_list_shows_people_their_own_and_administrators_everything(alice, bob, administrator):
    a_simulation(alice.user, "of alice's")
    a_simulation(bob.user, "of bob's")
    seen = {
        visitor.user.username: visitor.get(reverse("simulation_list")).content.decode()
        for visitor in (alice, bob, administrator)
    }
    assert "of alice&#x27;s" in seen["alice"] and "of bob&#x27;s" not in seen["alice"]
    assert "of alice&#x27;s" not in seen["bob"] and "of bob&#x27;s" in seen["bob"]
    assert "of alice&#x27;s" in seen["root"] and "of bob&#x27;s" in seen["root"]


@pytest.mark.parametrize(
    ("visitor", "status", "wanted"),
    [
        ("anonymous", 302, Wanted.RUNNING),
        ("bob", 404, Wanted.RUNNING),
        ("alice", 302, Wanted.DELETED),
        ("administrator", 302, Wanted.DELETED),
    ],
)
def test_only_the_owner_and_administrators_delete(request, alice, visitor, status, wanted):
    simulation = a_simulation(alice.user)
    who = request.getfixturevalue(visitor)
    answer = who.post(reverse("delete_simulation", args=[simulation.id]))
    assert answer.status_code == status
    assert Simulation.objects.get().wanted == wanted


COMMANDS = {
    Command.PAUSE: Status.RUNNING,
    Command.RESUME: Status.PAUSED,
    Command.STOP: Status.RUNNING,
    Command.START: Status.STOPPED,
}


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize(
    ("visitor", "status", "is_heard"),
    [
        ("anonymous", 302, False),
        ("bob", 404, False),
        ("alice", 302, True),
        ("administrator", 302, True),
    ],
)
def test_only_the_owner_and_administrators_command(
    request, alice, doorbell, visitor, status, is_heard, command
):
    wanted = Wanted.PAUSED if command is Command.RESUME else Wanted.RUNNING
    simulation = a_simulation(alice.user, status=COMMANDS[command], wanted=wanted)
    who = request.getfixturevalue(visitor)
    address = reverse("command", args=[simulation.id, command])
    assert who.post(address).status_code == status
    assert Simulation.objects.get().wanted == (command.wants if is_heard else wanted)
    assert SimulationEvent.objects.exists() == bool(doorbell.rings) == is_heard


@pytest.mark.parametrize("command", Command)
def test_commands_need_a_form(alice, bob, anonymous, doorbell, command):
    simulation = a_simulation(alice.user, status=COMMANDS[command])
    address = reverse("command", args=[simulation.id, command])
    assert alice.get(address).url == reverse("simulation", args=[simulation.id])
    assert bob.get(address).status_code == 404
    assert anonymous.get(address).url.startswith(reverse("log_in"))
    assert doorbell.rings == [] and not SimulationEvent.objects.exists()


def test_anonymous_creates_nothing(anonymous, form):
    answer = anonymous.post(reverse("new_simulation"), form())
    assert answer.status_code == 302 and answer.url.startswith(reverse("log_in"))
    assert not Simulation.objects.exists()


def test_logging_out_needs_a_form(alice):
    assert alice.get(reverse("log_out")).status_code == 405
    assert alice.post(reverse("log_out")).url == reverse("home")
    assert alice.get(reverse("simulation_list")).status_code == 302


def test_a_fragment_asked_for_after_the_session_ended_sends_the_whole_page_to_log_in(anonymous):
    answer = anonymous.get(
        reverse("simulation_list"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/simulations/?page=2"},
    )
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/accounts/log-in/?next=/simulations/%3Fpage%3D2"


def test_a_script_that_asks_after_the_session_ended_gets_the_common_error_body(anonymous, alice):
    address = reverse("epoch_values", args=[a_simulation(alice.user).id])
    answer = anonymous.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json() == {"error": "not_logged_in", "message": "Log in first.", "fields": []}


def test_a_script_that_asks_for_somebody_elses_gets_the_common_error_body(alice, bob):
    address = reverse("epoch_values", args=[a_simulation(alice.user).id])
    answer = bob.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 404 and answer.json()["error"] == "not_found"
