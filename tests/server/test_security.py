"""What every answer promises to a browser, and what is refused before anything is read."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from nnt_contract.status import Command, Status
from nnt_server.simulations.models import Simulation
from tests.server.conftest import PASSWORD, Visitor, a_simulation, host_uses, uses

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def policy_of(answer) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def assert_guarded(answer) -> None:
    policy = policy_of(answer)
    assert POLICY.items() <= policy.items()
    assert "unsafe" not in " ".join(policy.values())
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("name", ["home", "sign_up", "log_in"])
def test_public_pages_are_guarded(anonymous, name):
    assert_guarded(anonymous.get(reverse(name)))


@pytest.mark.parametrize("name", ["simulation_list", "new_simulation", "account"])
def test_common_pages_are_guarded(alice, name):
    assert_guarded(alice.get(reverse(name)))


@pytest.mark.parametrize(
    "name", ["simulation", "epoch_values", "history", "log", "whole_log", "delete_simulation"]
)
def test_pages_of_a_simulation_are_guarded(alice, name):
    assert_guarded(alice.get(reverse(name, args=[a_simulation(alice.user).id])))


@override_settings(ALLOWED_HOSTS=["nnt.example.org"], SECURE_SSL_REDIRECT=True)
def test_whoever_watches_over_the_process_needs_neither_its_name_nor_tls(anonymous):
    answer = anonymous.get("/healthz", headers={"host": "127.0.0.1:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert anonymous.get("/", headers={"host": "127.0.0.1:8000"}).status_code == 400


def test_the_page_about_the_machine_is_guarded(administrator):
    assert_guarded(administrator.get(reverse("machine")))


def test_pages_hold_no_inline_script_or_style(administrator, doorbell):
    simulation = a_simulation(administrator.user, status=Status.RUNNING)
    uses(simulation)
    host_uses()
    common = [
        reverse(name)
        for name in (
            *("simulation_list", "new_simulation", "machine"),
            *("account", "delete_account", "users"),
        )
    ]
    of_one = [reverse(name, args=[simulation.id]) for name in ("simulation", "history", "log")]
    for address in common + of_one:
        page = administrator.get(address).content.decode()
        assert "<style" not in page and " style=" not in page and " onclick" not in page
        assert page.count("<script") == page.count("<script src=")


def test_error_pages_are_guarded_and_in_the_look_of_the_site(anonymous, alice):
    missing = alice.get("/nothing")
    strange_host = Client(SERVER_NAME="evil.example").get("/")
    without_token = Client(SERVER_NAME="localhost", enforce_csrf_checks=True).post(
        reverse("log_in"), {"username": "a", "password": "b"}
    )
    for answer, status in ((missing, 404), (strange_host, 400), (without_token, 403)):
        assert answer.status_code == status
        assert "Neural Net Tracker" in answer.content.decode()
        assert_guarded(answer)


def test_an_error_of_our_own_is_logged_and_shown_without_its_details(alice, monkeypatch, caplog):
    def breaks(*arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("nnt_server.simulations.selectors.newest_first", breaks)
    alice.raise_request_exception = False
    answer = alice.get(reverse("simulation_list"))
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Something broke" in page and "secret detail" not in page
    assert "secret detail" in caplog.text
    assert_guarded(answer)


@pytest.mark.parametrize("name", ["sign_up", "log_in", "log_out", "new_simulation"])
def test_every_form_needs_its_token(alice, name):
    browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    browser.force_login(alice.user)
    assert browser.post(reverse(name)).status_code == 403


def test_deleting_needs_the_token(alice):
    simulation = a_simulation(alice.user)
    browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    browser.force_login(alice.user)
    address = reverse("delete_simulation", args=[simulation.id])
    assert browser.post(address).status_code == 403
    assert Simulation.objects.get().wanted == "running"


@pytest.mark.parametrize("command", Command)
def test_commanding_needs_the_token(alice, command):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    browser.force_login(alice.user)
    assert browser.post(reverse("command", args=[simulation.id, command])).status_code == 403
    assert Simulation.objects.get().wanted == "running"


def test_a_request_larger_than_the_limit_is_refused(alice, form):
    with override_settings(NNT=settings.NNT.model_copy(update={"max_upload_mb": 2})):
        answer = alice.post(reverse("new_simulation"), form(name="x" * 2_100_000))
    assert answer.status_code == 413 and "at most 2 MB" in answer.content.decode()
    assert_guarded(answer)


def test_a_stranger_may_send_little(anonymous):
    answer = anonymous.post(reverse("log_in"), {"username": "x" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/simulations/", "/accounts/log-in/", "/api/simulations"])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_name_that_somebody_points_at_this_machine_is_refused(alice, path, host):
    """DNS rebinding: the page of another site, whose name leads here of a sudden, must read nothing of ours."""
    for headers in ({"Host": host}, {"Host": host, "X-Forwarded-Host": "localhost"}):
        answer = alice.get(path, headers=headers)
        assert answer.status_code == 400
        assert_guarded(answer)
    assert alice.get(path, headers={"X-Forwarded-Host": host}).status_code < 400


_OVER_HTTPS = """
import django; django.setup()
from django.test import Client
browser = Client(SERVER_NAME="nnt.example")
plain = browser.get("/accounts/log-in/")
secured = browser.get("/accounts/log-in/", headers={"X-Forwarded-Proto": "https"})
print(plain.status_code, plain.headers["Location"])
print(secured.headers["Strict-Transport-Security"])
print(browser.cookies["nnt_csrf"]["secure"], django.conf.settings.SESSION_COOKIE_SECURE)
"""


def test_where_tls_ends_before_us_nothing_goes_unprotected(site):
    told = {
        "DJANGO_SETTINGS_MODULE": "nnt_server.settings",
        "NNT_DATABASE_URL": "postgresql://nobody:none@127.0.0.1:1/none",
        "NNT_SECRET_KEY": "k" * 50,
        "NNT_SERVICE_TOKEN": "s" * 32,
        "NNT_DATA_DIR": str(settings.STATIC_ROOT.parent),
        "NNT_HTTPS": "true",
        "NNT_ALLOWED_HOSTS": '["nnt.example"]',
    }
    done = subprocess.run(
        [sys.executable, "-c", _OVER_HTTPS], env=os.environ | told, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "301 https://nnt.example/accounts/log-in/",
        "max-age=31536000",
        "True True",
    ], done.stderr


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(alice):
    browser = Visitor()
    browser.get(reverse("log_in"))
    browser.post(reverse("log_in"), {"username": "alice", "password": PASSWORD})
    csrf = browser.cookies[settings.CSRF_COOKIE_NAME]
    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert csrf["httponly"] and session["httponly"]
    assert csrf["samesite"] == session["samesite"] == "Lax"


def test_static_files_may_be_kept_for_ever_because_their_names_hold_their_hash(anonymous):
    page = anonymous.get(reverse("home")).content.decode()
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert len(address.split(".")) == 3
    answer = anonymous.get(address)
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    answer.close()
