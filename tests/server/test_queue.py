"""The place in the queue, as list and page say it."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nnt_contract.status import Status, Wanted
from tests.server.conftest import Visitor, a_simulation


def list_of(visitor: Visitor) -> str:
    return str(visitor.get(reverse("simulation_list")).content.decode())


def test_who_waits_is_told_the_place(alice):
    waiting = [a_simulation(alice.user, f"number {place}") for place in range(4)]
    page = list_of(alice)
    for place in ("next", "2nd", "3rd", "4th"):
        assert page.count(f">{place} in the queue<") == 1
    third = alice.get(reverse("simulation", args=[waiting[2].id])).content.decode()
    assert ">3rd in the queue<" in third


def test_others_count_though_they_are_not_seen_and_users_take_turns(alice, bob):
    then = timezone.now() - timedelta(minutes=1)
    for number in range(3):
        a_simulation(bob.user, f"bob's {number}", wanted_at=then + timedelta(seconds=number))
    a_simulation(alice.user)
    page = list_of(alice)
    assert ">2nd in the queue<" in page and "bob" not in page


def test_who_was_resumed_waits_too_until_there_is_room(alice):
    a_simulation(alice.user, status=Status.PAUSED, wanted=Wanted.RUNNING)
    page = list_of(alice)
    assert ">resuming</span>" in page and ">next in the queue<" in page


def test_who_does_not_wait_has_no_place_and_costs_no_query(alice):
    a_simulation(alice.user, status=Status.RUNNING)
    a_simulation(alice.user, status=Status.PAUSED, wanted=Wanted.PAUSED)
    a_simulation(alice.user, status=Status.QUEUED, wanted=Wanted.PAUSED)
    a_simulation(alice.user, status=Status.FINISHED)
    with CaptureQueriesContext(connection) as queries:
        assert "in the queue" not in list_of(alice)
    assert not any("simulation_queue" in query["sql"] for query in queries)
