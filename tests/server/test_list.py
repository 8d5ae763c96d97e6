"""The list of simulations and its life without a reload."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nnt_contract.status import Command, Status, Wanted
from nnt_server.simulations.models import Simulation
from tests.server.conftest import Visitor, a_simulation, arrives, uses

QUERY_BUDGET = 5  # session, user, count, page, queue

HTMX = {"HX-Request": "true"}


def page_of(visitor: Visitor) -> str:
    return str(visitor.get(reverse("simulation_list")).content.decode())


def test_two_hundred_simulations_cost_as_many_queries_as_one(alice):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(alice)
        return len(captured)

    for number in range(200):
        simulation = a_simulation(alice.user, f"number {number}")
        arrives(simulation, number, 0.5, 0.5, 0.6, 0.4)
        uses(simulation)
        if number == 0:
            assert queries() == QUERY_BUDGET
    assert queries() == QUERY_BUDGET
    page = page_of(alice)
    assert page.count("<tr>") == 1 + 50
    assert "Page 1 of 4" in page and "number 199" in page and "number 0<" not in page


def test_the_list_does_not_read_the_models(alice):
    a_simulation(alice.user)
    with CaptureQueriesContext(connection) as queries:
        page_of(alice)
    assert not any('"simulations"."model"' in query["sql"] for query in queries)


def test_a_page_beyond_the_last_shows_the_last(alice):
    a_simulation(alice.user)
    assert alice.get(reverse("simulation_list"), {"page": "99"}).status_code == 200
    assert alice.get(reverse("simulation_list"), {"page": "x"}).status_code == 200


def test_a_row_shows_progress_and_the_latest_metrics(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    for epoch in (0, 2, 4):
        arrives(simulation, epoch, 1.5, 0.875, 1.6, 0.8)
    page = page_of(alice)
    assert "epoch 5 of 20" in page and "3 / 11 collections" in page
    assert 'max="11" value="3"' in page
    assert "1.5000" in page and "0.8750" in page


def test_the_reason_of_a_failure_is_shown(alice):
    a_simulation(alice.user, status=Status.FAILED, reason="out of <memory>")
    assert "out of &lt;memory&gt;" in page_of(alice)


def test_a_simulation_that_is_being_deleted_says_so_until_it_is_gone(alice):
    a_simulation(alice.user, status=Status.FINISHED, wanted=Wanted.DELETED)
    page = page_of(alice)
    assert 'class="status deleting passing"' in page and "every 1s" in page
    assert ">Delete</a>" not in page and "<button" not in page.partition("<table")[2]


WANTED = {Status.PAUSED: Wanted.PAUSED, Status.STOPPING: Wanted.STOPPED}


@pytest.mark.parametrize("status", [status for status in Status if not status.is_ended])
def test_the_list_asks_again_while_something_lives(alice, status):
    a_simulation(alice.user, status=status, wanted=WANTED.get(status, Wanted.RUNNING))
    seconds = 15 if status is Status.PAUSED else 1
    assert f'hx-trigger="every {seconds}s"' in page_of(alice)


@pytest.mark.parametrize("status", [Status.PAUSED, Status.STOPPED, Status.FAILED])
def test_the_list_asks_again_after_something_was_asked_for(alice, status):
    then = timezone.now() - timedelta(minutes=1)
    a_simulation(alice.user, status=status, status_changed_at=then)
    assert 'hx-trigger="every 1s"' in page_of(alice)


@pytest.mark.parametrize("status", [status for status in Status if status.is_ended])
def test_the_list_stops_asking_when_everything_has_ended(alice, status):
    a_simulation(alice.user, status=status)
    assert "hx-trigger" not in page_of(alice)


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 1), (10, 5), (600, 15)])
def test_the_list_asks_less_often_the_longer_nothing_has_changed(alice, minutes, seconds):
    then = timezone.now() - timedelta(minutes=minutes)
    a_simulation(alice.user, created_at=then, wanted_at=then, status_changed_at=then)
    assert f'hx-trigger="every {seconds}s"' in page_of(alice)


def test_what_a_process_uses_is_asked_for_however_long_nothing_else_has_changed(alice):
    then = timezone.now() - timedelta(days=1)
    simulation = a_simulation(
        alice.user,
        status=Status.RUNNING,
        created_at=then,
        wanted_at=then,
        status_changed_at=then,
    )
    uses(simulation)
    page = page_of(alice)
    assert 'hx-trigger="every 5s"' in page
    assert "187\u202f% processor" in page and "412 MiB" in page


def test_what_a_process_used_long_ago_is_not_shown_as_of_now(alice):
    uses(a_simulation(alice.user, status=Status.RUNNING), ago_s=120)
    assert "processor" not in page_of(alice)


def test_what_htmx_asks_for_is_only_the_fragment(alice):
    a_simulation(alice.user)
    answer = alice.get(reverse("simulation_list"), headers=HTMX)
    assert answer.content.decode().lstrip().startswith("<section")
    assert "HX-Request" in answer.headers["Vary"]


def test_the_newest_comes_first(alice):
    for name in ("first", "second", "third"):
        a_simulation(alice.user, name)
    page = page_of(alice)
    assert page.index("third") < page.index("second") < page.index("first")
    assert Simulation.objects.count() == 3


def test_filters_stay_in_the_links_in_what_is_asked_again_and_in_commands(alice, doorbell):
    for number in range(51):
        a_simulation(alice.user, f"digits & {number}", status=Status.RUNNING)
    a_simulation(alice.user, "letters", status=Status.RUNNING)
    address = f"{reverse('simulation_list')}?name=DIGITS+%26&status=running"
    page = alice.get(address).content.decode()
    assert "letters" not in page and "Page 1 of 2" in page
    query = "&amp;name=DIGITS+%26&amp;status=running"
    assert f'href="?page=2{query}"' in page and f"?page=1{query}" in page
    assert '<input type="hidden" name="name" value="DIGITS &amp;">' in page
    found = Simulation.objects.get(name="digits & 7")
    sent = {"page": "1", "name": "DIGITS &", "status": "running"}
    command = reverse("command", args=[found.id, Command.PAUSE])
    answer = alice.post(command, sent, headers=HTMX)
    assert "letters" not in answer.content.decode()
    assert alice.post(command, sent).url.endswith("?page=1&name=DIGITS+%26&status=running")


def test_a_filter_that_finds_nothing_says_so_and_nonsense_filters_nothing(alice):
    a_simulation(alice.user, "digits")
    page = alice.get(reverse("simulation_list"), {"name": "letters"}).content.decode()
    assert "Nothing here matches." in page
    page = alice.get(reverse("simulation_list"), {"status": "happy", "name": "dig\0"}).content
    assert "digits" in page.decode()


def test_a_tag_leads_from_a_simulation_to_all_that_have_it(alice):
    simulation = a_simulation(alice.user, "tagged")
    simulation.tags.create(owner=alice.user, name="first & best")
    a_simulation(alice.user, "plain")
    page = alice.get(reverse("simulation", args=[simulation.id])).content.decode()
    assert 'href="/simulations/?tag=first%20%26%20best">first &amp; best</a>' in page
    page = alice.get("/simulations/?tag=first%20%26%20best").content.decode()
    assert "tagged" in page and "plain" not in page


def test_the_simulations_of_one_experiment_are_listed_and_named_to_those_who_may_see_them(
    alice, bob, administrator
):
    one = a_simulation(alice.user, "the one")
    a_simulation(alice.user, "the other")
    address = f"{reverse('simulation_list')}?experiment={one.experiment_id}"
    for visitor in (alice, administrator):
        page = visitor.get(address).content.decode()
        assert "Of one experiment, “the one”" in page and "the other" not in page
        assert f"experiment={one.experiment_id}" in page, "filters and what polls keep to it"
    page = bob.get(address).content.decode()
    assert "the one" not in page and "Nothing here matches" in page
    assert "the other" in alice.get(f"{reverse('simulation_list')}?experiment=x").content.decode()


def test_the_simulations_of_an_experiment_stand_in_the_order_of_their_names(alice, doorbell, form):
    sent = form(folds="4", **{"learning_rate-2": "0.5"})
    page = alice.get(alice.post(reverse("new_simulation"), sent).url).content.decode()
    names = [f"digits (LR{rate}) ({fold})" for rate in (1, 2) for fold in range(1, 5)]
    assert sorted(names, key=lambda name: page.index(f">{name}</a>")) == names
