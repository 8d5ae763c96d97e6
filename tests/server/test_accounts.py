"""Signing up and logging in."""

from django.urls import reverse

from nnt_server.accounts.models import User
from tests.server.conftest import PASSWORD, Visitor


def test_signing_up_logs_in_and_shows_the_empty_list(anonymous):
    sent = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}
    answer = anonymous.post(reverse("sign_up"), sent, follow=True)
    assert answer.redirect_chain == [(reverse("simulation_list"), 302)]
    assert "Nothing trains yet" in answer.content.decode()
    assert not User.objects.get(username="carol").is_staff


def test_signing_up_names_every_wrong_field(anonymous, alice):
    sent = {"username": "ALICE", "password1": "12345", "password2": "54321"}
    page = anonymous.post(reverse("sign_up"), sent).content.decode()
    assert "already exists" in page
    assert "match" in page or "too short" in page
    assert User.objects.count() == 1


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
