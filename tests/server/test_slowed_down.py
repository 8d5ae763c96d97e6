"""Guessing passwords: slowed down by name and place, so that nobody can shut out somebody else."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F
from django.test import RequestFactory, override_settings
from django.urls import reverse

from nnt_server.accounts.authentication import authenticate
from nnt_server.accounts.client_address import client_address
from nnt_server.errors import TooManyAttempts
from tests.server.conftest import PASSWORD, Visitor

HOME, AWAY = "192.0.2.1", "192.0.2.2"
GUESSES = settings.AXES_FAILURE_LIMIT


def log_in(name="alice", password=PASSWORD, place=HOME, **headers):
    return Visitor().post(
        reverse("log_in"), {"username": name, "password": password}, REMOTE_ADDR=place, **headers
    )


def guess(times=GUESSES, **where):
    return [log_in(password=f"guess {number}", **where) for number in range(times)][-1]


def time_passes(duration: timedelta) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - duration)


def behind(proxies: int):
    return override_settings(NNT=settings.NNT.model_copy(update={"trusted_proxies": proxies}))


def test_too_many_wrong_passwords_are_answered_with_how_long_to_wait(alice):
    assert guess(GUESSES - 1).status_code == 200
    answer = guess(1)
    assert answer.status_code == 429
    assert "Wait 5 minutes, then try again." in answer.content.decode()
    assert 290 <= int(answer.headers["Retry-After"]) <= 300
    assert log_in().status_code == 429  # not even the right one


def test_who_waits_may_try_again(alice):
    guess()
    time_passes(settings.AXES_COOLOFF_TIME)
    assert log_in().status_code == 302


def test_trying_meanwhile_does_not_lengthen_the_wait(alice):
    guess()
    time_passes(settings.AXES_COOLOFF_TIME - timedelta(seconds=30))
    answer = guess()
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) <= 30
    assert "seconds, then" in answer.content.decode()


def test_the_right_password_makes_earlier_failures_forgotten(alice):
    for _ in range(3):
        guess(GUESSES - 1)
        assert log_in().status_code == 302
    assert not AccessAttempt.objects.exists()


def test_who_guesses_shuts_out_nobody_else(alice, bob):
    guess(place=AWAY)
    assert log_in(place=AWAY).status_code == 429
    assert log_in().status_code == 302
    assert log_in("bob", place=AWAY).status_code == 302


def test_other_browsers_of_one_place_count_together(alice):
    answers = [guess(1, HTTP_USER_AGENT=f"browser {number}") for number in range(GUESSES)]
    assert answers[-1].status_code == 429


def test_names_that_do_not_exist_are_slowed_down_alike(alice):
    assert guess(name="nobody").status_code == 429


@pytest.mark.parametrize("name", ["x" * 151, "x" * 10_000, "a\0b", "", "\ufeff", "🦊"])
def test_names_that_cannot_exist_do_no_harm(alice, name):
    assert guess(1, name=name).status_code == 200
    assert authenticate(RequestFactory().post("/"), name, "guess") is None


def test_passwords_of_any_kind_do_no_harm(alice):
    for password in ("a\0b", "x" * 100_000, "🦊"):
        assert authenticate(RequestFactory().post("/"), "alice", password) is None


def test_the_same_holds_wherever_a_password_is_asked_for(alice):
    for _ in range(GUESSES):
        sent = {"details-username": "alice", "details-current_password": "guess"}
        answer = alice.post(reverse("change_details"), sent)
    assert "Too many wrong passwords" in answer.content.decode()
    with pytest.raises(TooManyAttempts):
        authenticate(RequestFactory().post("/"), "alice", PASSWORD)


def test_programs_and_people_are_counted_together(alice):
    def ask(password):
        sent = {"username": "alice", "password": password}
        return Visitor().post("/api/token", sent, content_type="application/json", REMOTE_ADDR=HOME)

    guess(GUESSES - 1)
    answer = ask("guess")
    assert answer.status_code == 429
    assert answer.json()["message"] == "Too many wrong passwords. Wait 5 minutes, then try again."
    assert 290 <= int(answer.headers["Retry-After"]) <= 300
    assert ask(PASSWORD).status_code == log_in().status_code == 429
    time_passes(settings.AXES_COOLOFF_TIME)
    assert ask(PASSWORD).status_code == 200


def test_nothing_that_was_typed_is_stored(alice):
    guess(1)
    alice.post(
        reverse("change_password"),
        {"password-current_password": "typed in haste", "password-new_password": "typed too"},
    )
    stored = str(list(AccessAttempt.objects.values()))
    assert "guess" not in stored and "typed" not in stored


def test_places_are_not_what_a_browser_claims(alice):
    for number in range(GUESSES):
        answer = guess(1, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert answer.status_code == 429


def test_behind_a_proxy_the_place_is_what_the_proxy_says(alice):
    with behind(1):
        guess(HTTP_X_FORWARDED_FOR=f"203.0.113.9, {AWAY}", place="10.0.0.1")
        locked = log_in(HTTP_X_FORWARDED_FOR=f"203.0.113.8, {AWAY}", place="10.0.0.1")
        free = log_in(HTTP_X_FORWARDED_FOR=HOME, place="10.0.0.1")
    assert (locked.status_code, free.status_code) == (429, 302)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "place"),
    [
        (0, HOME, "", HOME),
        (0, HOME, "198.51.100.7", HOME),
        (1, "10.0.0.1", HOME, HOME),
        (1, "10.0.0.1", f"198.51.100.7, {HOME}", HOME),
        (2, "10.0.0.1", f"198.51.100.7, {HOME}, 10.0.0.2", HOME),
        (1, "10.0.0.1", "", None),
        (2, "10.0.0.1", HOME, HOME),
        (1, "10.0.0.1", "'; DROP TABLE users", None),
        (0, "", "", None),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "::ffff:192.0.2.1", "", HOME),
    ],
)
def test_the_place_is_believed_as_far_as_our_own_proxies_reach(proxies, remote, forwarded, place):
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    with behind(proxies):
        assert client_address(request) == place
