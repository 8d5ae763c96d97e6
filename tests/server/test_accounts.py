"""Signing up, logging in, and looking after one's own account."""

import pytest
from django.urls import reverse

from nnt_server.accounts.models import User
from tests.server.conftest import PASSWORD, Visitor

NEW = "a longer battery staple"


def logged_in(name: str, password: str = PASSWORD) -> Visitor:
    """Somebody's other browser."""
    browser = Visitor()
    browser.post(reverse("log_in"), {"username": name, "password": password})
    return browser


def is_in(visitor: Visitor) -> bool:
    return visitor.get(reverse("simulation_list")).status_code == 200


def test_signing_up_logs_in_and_shows_the_empty_list(anonymous):
    sent = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}
    answer = anonymous.post(reverse("sign_up"), sent, follow=True)
    assert answer.redirect_chain == [(reverse("simulation_list"), 302)]
    assert "Nothing trains yet" in answer.content.decode()
    assert not User.objects.get(username="carol").is_staff


def test_an_e_mail_address_may_be_given(anonymous):
    sent = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}
    anonymous.post(reverse("sign_up"), sent | {"email": "carol@example.org"})
    assert User.objects.get(username="carol").email == "carol@example.org"


def test_signing_up_names_every_wrong_field(anonymous, alice):
    sent = {"username": "ALICE", "email": "no", "password1": "12345", "password2": "54321"}
    page = anonymous.post(reverse("sign_up"), sent).content.decode()
    assert "already exists" in page
    assert "valid email address" in page
    assert "match" in page or "too short" in page
    assert User.objects.count() == 1


def test_nobody_signs_up_as_an_administrator(anonymous):
    sent = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}
    anonymous.post(reverse("sign_up"), sent | {"is_staff": "on", "is_superuser": "on"})
    carol = User.objects.get(username="carol")
    assert not carol.is_staff and not carol.is_superuser


def test_a_common_password_is_refused(anonymous):
    sent = {"username": "carol", "password1": "password123", "password2": "password123"}
    assert "too common" in anonymous.post(reverse("sign_up"), sent).content.decode()


def test_logging_in_leads_to_where_one_wanted_to_go(alice):
    browser = Visitor()
    sent = {"username": "alice", "password": PASSWORD, "next": reverse("new_simulation")}
    assert browser.post(reverse("log_in"), sent).headers["Location"] == reverse("new_simulation")


def test_logging_in_does_not_lead_to_another_site(alice):
    browser = Visitor()
    sent = {"username": "alice", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert browser.post(reverse("log_in"), sent).headers["Location"] == reverse("simulation_list")


def test_a_wrong_password_is_refused_without_saying_whether_the_user_exists(alice):
    pages = [
        Visitor().post(reverse("log_in"), {"username": name, "password": "wrong"}).content.decode()
        for name in ("alice", "nobody")
    ]
    assert all("correct username and password" in page for page in pages)


def test_the_account_page_is_in_the_navigation_of_everybody_logged_in(alice):
    assert reverse("account") in alice.get(reverse("simulation_list")).content.decode()
    assert "alice" in alice.get(reverse("account")).content.decode()


def test_name_and_e_mail_are_changed(alice):
    sent = {"details-username": "alicia", "details-email": "a@example.org"}
    answer = alice.post(
        reverse("change_details"), sent | {"details-current_password": PASSWORD}, follow=True
    )
    assert "Saved." in answer.content.decode()
    alice.user.refresh_from_db()
    assert (alice.user.username, alice.user.email) == ("alicia", "a@example.org")
    assert is_in(alice)


def test_an_e_mail_address_is_taken_away_again(alice):
    sent = {"details-username": "alice", "details-email": "", "details-current_password": PASSWORD}
    assert alice.post(reverse("change_details"), sent).status_code == 302
    assert User.objects.get().email == ""


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"details-username": "BOB"}, "already exists"),
        ({"details-username": "a b"}, "valid username"),
        ({"details-username": ""}, "required"),
        ({"details-email": "nowhere"}, "valid email"),
        ({"details-current_password": "wrong"}, "not your password"),
        ({"details-current_password": ""}, "required"),
    ],
)
def test_a_change_that_is_refused_changes_nothing_and_says_why(alice, bob, sent, said):
    right = {
        "details-username": "alicia",
        "details-email": "a@example.org",
        "details-current_password": PASSWORD,
    }
    answer = alice.post(reverse("change_details"), right | sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    alice.user.refresh_from_db()
    assert (alice.user.username, alice.user.email) == ("alice", "")


def test_changing_the_password_ends_every_other_session(alice):
    here, elsewhere = logged_in("alice"), logged_in("alice")
    sent = {
        "password-current_password": PASSWORD,
        "password-new_password": NEW,
        "password-new_password_again": NEW,
    }
    assert here.post(reverse("change_password"), sent).status_code == 302
    assert is_in(here) and not is_in(elsewhere)
    assert not is_in(logged_in("alice")) and is_in(logged_in("alice", NEW))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"password-current_password": "wrong"}, "not your password"),
        ({"password-new_password_again": "another"}, "not the same"),
        (
            {"password-new_password": "password123", "password-new_password_again": "password123"},
            "too common",
        ),
        ({"password-new_password": "", "password-new_password_again": ""}, "required"),
    ],
)
def test_a_password_that_is_refused_stays_the_old_one(alice, sent, said):
    right = {
        "password-current_password": PASSWORD,
        "password-new_password": NEW,
        "password-new_password_again": NEW,
    }
    answer = alice.post(reverse("change_password"), right | sent)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert is_in(logged_in("alice"))


@pytest.mark.parametrize("name", ["change_details", "change_password", "create_token"])
def test_who_had_to_log_in_when_they_pressed_a_button_comes_back_to_the_account(alice, name):
    assert alice.get(reverse(name)).url == reverse("account")
