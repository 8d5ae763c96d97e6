"""What was asked of a simulation and what happened to it, as its page tells it."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nnt_contract.status import Command, Status
from nnt_server.simulations import services
from nnt_server.simulations.models import Simulation, SimulationEvent
from tests.server.conftest import Visitor, a_simulation, becomes

HTMX = {"HX-Request": "true"}


def page_of(visitor: Visitor, simulation: Simulation) -> str:
    address = reverse("simulation", args=[simulation.id])
    return str(visitor.get(address).content.decode().partition('id="history"')[2])


def history_of(visitor: Visitor, simulation: Simulation, page: int = 1) -> str:
    address = reverse("history", args=[simulation.id])
    return str(visitor.get(address, {"page": page}).content.decode())


def test_creating_commanding_and_deleting_are_noted_with_who_did_it(
    alice, administrator, doorbell, form
):
    alice.post(reverse("new_simulation"), form())
    simulation = Simulation.objects.get()
    alice.post(reverse("command", args=[simulation.id, Command.PAUSE]))
    administrator.post(reverse("command", args=[simulation.id, Command.STOP]))
    alice.post(reverse("delete_simulation", args=[simulation.id]))
    assert list(SimulationEvent.objects.order_by("id").values_list("actor", "what", "status")) == [
        ("alice", "create", None),
        ("alice", "pause", None),
        ("root", "stop", None),
        ("alice", "delete", None),
    ]


def test_an_event_is_noted_with_its_command_or_not_at_all(alice, doorbell, monkeypatch):
    simulation = a_simulation(alice.user, status=Status.RUNNING)

    def breaks(*arguments: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(services, "_note", breaks)
    alice.raise_request_exception = False
    answer = alice.post(reverse("command", args=[simulation.id, Command.PAUSE]))
    assert answer.status_code == 500
    assert Simulation.objects.get().wanted == "running" and doorbell.rings == []


def test_the_page_tells_who_what_when_and_why_the_newest_first(alice, administrator, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    services.command(simulation, Command.STOP, administrator.user)
    becomes(simulation, Status.FAILED, "killed <by> hand")
    page = page_of(alice, simulation)
    told = ("became failed", "killed &lt;by&gt; hand", "asked to stop")
    assert [page.index(words) for words in told] == sorted(page.index(words) for words in told)
    assert ">root</td>" in page and "the platform" in page
    assert "deployer" not in page.partition("</table>")[0]
    newest = SimulationEvent.objects.latest("id")
    assert f"{newest.time:%Y-%m-%d %H:%M:%S}</time>" in page


def test_a_user_who_is_called_as_the_deployer_is_not_taken_for_it(alice, doorbell):
    visitor = Visitor("deployer")
    simulation = a_simulation(visitor.user, status=Status.RUNNING)
    services.command(simulation, Command.PAUSE, visitor.user)
    assert ">deployer</td>" in page_of(visitor, simulation)


def test_the_page_follows_the_history(alice, doorbell):
    simulation = a_simulation(alice.user)
    becomes(simulation, Status.PREPARING)
    address = reverse("simulation", args=[simulation.id])
    fragment = alice.get(address, headers=HTMX).content.decode()
    assert 'hx-swap-oob="innerHTML:#history"' in fragment and "became preparing" in fragment


def test_the_page_shows_the_latest_and_leads_to_all(alice):
    simulation = a_simulation(alice.user)
    address = reverse("history", args=[simulation.id])
    for number in range(20):
        becomes(simulation, Status.PREPARING, f"reason {number}.")
    assert address not in page_of(alice, simulation)
    becomes(simulation, Status.PREPARING, "reason 20.")
    page = page_of(alice, simulation)
    assert "reason 20." in page and "reason 1." in page and "reason 0." not in page
    assert address in page
    assert "reason 20." in history_of(alice, simulation)
    assert "reason 0." in history_of(alice, simulation)


def test_a_very_long_history_has_pages_that_cost_the_same(alice):
    simulation = a_simulation(alice.user)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO simulation_events (sim_id, actor, what, status, reason)
            SELECT %s, 'deployer', 'status', 'running', 'reason ' || n || '.' FROM generate_series(1, 1200) n
            """,
            [simulation.id],
        )
    with CaptureQueriesContext(connection) as queries:
        first = history_of(alice, simulation)
    assert len(queries) == 5  # session, user, simulation, count, events
    assert "Page 1 of 3 · 1,200 events" in first and "reason 1200." in first
    assert "reason 1.<" in history_of(alice, simulation, 3)


def test_a_simulation_older_than_histories_says_that_nothing_is_known(alice):
    assert "Nothing is known of what was asked of it." in page_of(alice, a_simulation(alice.user))
