"""What a simulation printed: followed, on a page of its own, and as a file. The deployer keeps it."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.urls import reverse

from nnt_contract.status import Status, Wanted
from nnt_server import deployer_client
from nnt_server.simulations.models import Simulation
from tests.server.conftest import SERVICE_TOKEN, Doorbell, Visitor, a_simulation

HTMX = {"HX-Request": "true"}
AWAY = "The deployer, which keeps the log, does not answer right now."


def more_of(visitor: Visitor, simulation: Simulation, after: str = "") -> str:
    """What the page of a simulation asks for again and again."""
    asked = {"after": after} if after else {}
    address = reverse("log", args=[simulation.id])
    return str(visitor.get(address, asked, headers=HTMX).content.decode())


def added(fragment: str) -> str:
    """What is appended to the text that is shown."""
    found = re.search(r'<div hx-swap-oob="beforeend:#log-text">(.*?)</div>', fragment, re.DOTALL)
    return unescape(found[1]) if found else ""


def next_address(fragment: str) -> str:
    [address] = re.findall(r'hx-get="([^"]*)"', fragment)
    return unescape(address)


def trigger(fragment: str) -> str:
    [found] = re.findall(r'hx-trigger="([^"]*)"', fragment)
    return str(found)


def whole_log_of(visitor: Visitor, simulation: Simulation) -> str:
    answer = visitor.get(reverse("whole_log", args=[simulation.id]))
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_the_page_begins_with_the_last_lines_and_goes_on_where_they_end(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    doorbell.log = "".join(f"line {number}\n" for number in range(1000))
    first = more_of(alice, simulation)
    assert added(first).startswith("line 500\n") and added(first).endswith("line 999\n")
    doorbell.log += "line 1000\n"
    fragment = alice.get(next_address(first), headers=HTMX).content.decode()
    assert added(fragment) == "line 1000\n"
    assert added(alice.get(next_address(fragment), headers=HTMX).content.decode()) == ""
    assert [list(asked) for asked in doorbell.asked] == [["tail"], ["after"], ["after"]]
    assert doorbell.tokens == {f"Bearer {SERVICE_TOKEN}"}


def test_what_follows_is_asked_for_at_once_while_there_is_more(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    doorbell.log, doorbell.part_characters = "ab", 1
    part = more_of(alice, simulation, "1.0")
    assert added(part) == "a" and trigger(part).startswith("load, ")
    part = alice.get(next_address(part), headers=HTMX).content.decode()
    assert added(part) == "b" and "load" not in trigger(part)


@pytest.mark.parametrize(
    ("status", "wanted", "asks"),
    [
        (Status.QUEUED, Wanted.RUNNING, "every 2s, asked from:body"),
        (Status.RUNNING, Wanted.RUNNING, "every 2s, asked from:body"),
        (Status.RUNNING, Wanted.PAUSED, "every 2s, asked from:body"),
        (Status.PAUSED, Wanted.PAUSED, "every 15s, asked from:body"),
        (Status.STOPPING, Wanted.STOPPED, "every 2s, asked from:body"),
        (Status.FINISHING, Wanted.RUNNING, "every 2s, asked from:body"),
        (Status.STOPPED, Wanted.STOPPED, "asked from:body"),
        (Status.FINISHED, Wanted.RUNNING, "asked from:body"),
    ],
)
def test_the_log_is_asked_for_again_as_long_as_it_may_grow(alice, doorbell, status, wanted, asks):
    simulation = a_simulation(alice.user, status=status, wanted=wanted)
    assert trigger(more_of(alice, simulation)) == asks


def test_what_was_printed_is_never_markup(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    doorbell.log = "</pre></div><script>alert(1)</script>"
    page = alice.get(reverse("log", args=[simulation.id])).content.decode()
    for text in (more_of(alice, simulation), page):
        assert "<script>alert" not in text and "&lt;/pre&gt;" in text


def test_without_script_there_is_a_page_with_the_last_lines(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    doorbell.log = "Epoch 1/2\nEpoch 2/2\n"
    address = reverse("log", args=[simulation.id])
    detail = alice.get(reverse("simulation", args=[simulation.id])).content.decode()
    assert f'href="{address}"' in detail
    page = alice.get(address).content.decode()
    assert "Epoch 1/2\nEpoch 2/2\n</pre>" in page and "That is all it printed." in page


@pytest.mark.parametrize("answer", [None, 401, 404, 500])
def test_a_deployer_that_does_not_answer_is_named_and_asked_again(alice, request, answer):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    if answer is not None:
        request.getfixturevalue("doorbell").answer = answer
    fragment = more_of(alice, simulation, "2.37")
    assert AWAY in fragment and trigger(fragment) == "every 2s, asked from:body"
    assert next_address(fragment).endswith("?after=2.37"), "nothing is told twice when it is back"
    assert AWAY in alice.get(reverse("log", args=[simulation.id])).content.decode()


def test_nonsense_in_the_place_of_a_log_is_a_deployer_that_does_not_answer(
    alice, doorbell, monkeypatch
):
    monkeypatch.setattr(Doorbell, "part", lambda *_: {"text": 1})
    assert AWAY in more_of(alice, a_simulation(alice.user))


def test_a_cursor_from_an_address_is_passed_on_as_one_value(alice, doorbell):
    fragment = more_of(alice, a_simulation(alice.user), "1.0")
    assert "after=1.0" in next_address(fragment)
    nasty = '1.0&tail=9"><b>'
    doorbell.answer = 422
    fragment = more_of(alice, a_simulation(alice.user), nasty)
    assert doorbell.asked[-1] == {"after": nasty}
    assert (
        next_address(fragment).endswith(f"?after={quote(nasty, safe='')}") and "<b>" not in fragment
    )


def test_the_whole_log_is_a_file_made_of_all_its_parts(alice, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    doorbell.log, doorbell.part_characters = "".join(f"épreuve {n}\n" for n in range(50)), 100
    answer = alice.get(reverse("whole_log", args=[simulation.id]))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="simulation-{simulation.id}.log"'
    )
    assert b"".join(answer.streaming_content).decode() == doorbell.log
    assert len(doorbell.asked) > 1


def test_no_whole_log_without_the_deployer_and_it_is_said_why(alice):
    answer = alice.get(reverse("whole_log", args=[a_simulation(alice.user).id]))
    assert answer.status_code == 503
    assert "The deployer, which keeps it, does not answer." in answer.content.decode()


def test_a_whole_log_that_breaks_off_says_so_at_its_end(alice, doorbell, monkeypatch):
    doorbell.log, doorbell.part_characters = "abc", 1
    read = deployer_client.read_log

    def breaks_off(sim_id, after="", tail=None):
        if after == "1.2":
            doorbell.answer = 500
        return read(sim_id, after, tail)

    monkeypatch.setattr(deployer_client, "read_log", breaks_off)
    log = whole_log_of(alice, a_simulation(alice.user))
    assert log.startswith("ab\n[") and "The rest is missing." in log


def test_every_answer_about_a_log_is_of_who_may_see_it_only(alice, bob, doorbell):
    simulation = a_simulation(alice.user)
    for name in ("log", "whole_log"):
        assert bob.get(reverse(name, args=[simulation.id])).status_code == 404
    assert doorbell.asked == []
