"""Secrets are planted everywhere, everything that can go wrong goes wrong, and then they are looked for."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.urls import reverse
from flask import Flask
from pydantic import HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings

from nnt_contract import tokens as run_tokens
from nnt_contract.status import Command, Status
from nnt_contract.tokens import RunToken
from nnt_deployer.app import create_app as create_deployer
from nnt_deployer.settings import DeployerSettings
from nnt_parser.app import create_app as create_parser
from nnt_parser.settings import ParserSettings
from scripts.free_port import free_port
from scripts.up.settings import UpSettings
from tests.authority.conftest import People
from tests.server.conftest import Visitor, a_simulation

from axes.models import AccessAttempt  # isort: skip
from nnt_server.server_settings import ServerSettings  # isort: skip

DATABASE = "planted-database-password"
REDIS = "planted-redis-password"
SERVICE = "planted-service-token-" + "s" * 20
SIGNING = "planted-token-secret-" + "t" * 20
KEY = "planted-secret-key-" + "k" * 40
PASSWORD = "planted user password"
NEW_PASSWORD = "planted new password"
PLANTED = (DATABASE, REDIS, SERVICE, SIGNING, KEY, PASSWORD, NEW_PASSWORD, "planted")

Look = Callable[..., None]


@pytest.fixture
def look(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Look:
    """Looks for planted secrets in answers, and in everything that was logged or printed so far."""
    caplog.set_level(logging.INFO)

    def search(*answers: str, besides: tuple[str, ...] = ()) -> None:
        printed = capfd.readouterr()
        texts = [*answers, caplog.text, printed.out, printed.err]
        texts += [repr(record.__dict__) for record in caplog.records if record.exc_info is None]
        for secret in (*PLANTED, *besides):
            found = [
                text[max(0, at - 200) : at + 100]
                for text in texts
                if (at := text.find(secret)) >= 0
            ]
            assert found == []

    return search


@pytest.fixture
def carol(people: People) -> Visitor:
    """Somebody whose password is planted; her browser shows errors instead of raising them."""
    visitor = Visitor("carol")
    visitor.user.set_password(PASSWORD)
    visitor.user.save()
    visitor.force_login(visitor.user)
    visitor.raise_request_exception = False
    return visitor


@contextmanager
def database_away() -> Iterator[None]:
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": free_port(), "PASSWORD": DATABASE}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def forms(carol: Visitor) -> Iterator[str]:
    """Every form with a password in it, sent so that it is refused or breaks."""
    sent = {
        "log_in": {"username": "carol", "password": "planted"},
        "sign_up": {"username": "a b", "password1": PASSWORD, "password2": NEW_PASSWORD},
        "change_details": {"details-username": "", "details-current_password": PASSWORD},
        "change_password": {
            "password-current_password": PASSWORD,
            "password-new_password": NEW_PASSWORD,
            "password-new_password_again": PASSWORD,
        },
        "delete_account": {"leave-current_password": "planted"},
    }
    outside = Visitor()
    outside.raise_request_exception = False
    for name, fields in sent.items():
        visitor = outside if name in ("log_in", "sign_up") else carol
        yield visitor.post(reverse(name), fields).content.decode()
    for body in (
        {"username": "carol", "password": "planted"},
        {"username": 1, "password": [PASSWORD]},
        {"username": "carol", "password": PASSWORD, "password2": PASSWORD},
        {"user": "carol", "pasword": PASSWORD},
        [PASSWORD],
    ):
        answer = outside.post("/api/token", json.dumps(body), content_type="application/json")
        yield answer.content.decode()
    broken = outside.post("/api/token", f'{{"password": "{PASSWORD}', "application/json")
    yield broken.content.decode()


def test_forms_that_are_refused_repeat_no_password(carol, look):
    pages = list(forms(carol))
    assert len(pages) == 11
    look(*pages, str(list(AccessAttempt.objects.values())))


def test_errors_of_our_own_show_nothing_of_what_was_at_hand(carol, look, monkeypatch):
    def breaks(*arguments: object, **named: object) -> None:
        raise RuntimeError("broken for the test")

    for name in ("authentication.authenticate", "forms.authenticate", "services.change_password"):
        monkeypatch.setattr(f"nnt_server.accounts.{name}", breaks)
    monkeypatch.setattr("nnt_server.api.tokens.authenticate", breaks)
    pages = list(forms(carol))
    assert any("Something broke" in page for page in pages)
    look(*pages)


def test_a_database_that_is_away_is_no_reason_to_tell(carol, look):
    with database_away():
        pages = list(forms(carol))
        pages.append(carol.get(reverse("simulation_list")).content.decode())
    assert any("Something broke" in page for page in pages)
    look(*pages)


def test_a_deployer_that_is_away_is_told_nothing_about(carol, look):
    simulation = a_simulation(carol.user, status=Status.RUNNING)
    told = settings.NNT.model_copy(
        update={
            "deployer_url": HttpUrl(f"http://127.0.0.1:{free_port()}"),
            "service_token": SecretStr(SERVICE),
            "database_url": SecretStr(f"postgresql://nnt:{DATABASE}@127.0.0.1:1/nnt"),
            "secret_key": SecretStr(KEY),
        }
    )
    with override_settings(NNT=told):
        pages = [
            carol.post(reverse("command", args=[simulation.id, Command.PAUSE]), follow=True),
            carol.get(reverse("log", args=[simulation.id])),
            carol.get(reverse("whole_log", args=[simulation.id])),
            carol.post(reverse("delete_simulation", args=[simulation.id]), follow=True),
        ]
    look(*(page.content.decode() for page in pages))
    assert SERVICE not in repr(told) and DATABASE not in repr(told)


def test_tokens_that_are_shown_are_not_repeated(people, look):
    for secret in people.api_tokens.values():
        headers = {"Authorization": f"Bearer {secret}"}
        visitor = Visitor()
        visitor.raise_request_exception = False
        pages = [
            visitor.get("/api/simulations", headers=headers),
            visitor.get("/api/simulations?limit=none", headers=headers),
            visitor.get("/api/nothing", headers=headers),
            visitor.post("/api/experiments", headers=headers),
        ]
        with database_away():
            pages.append(visitor.get("/api/simulations", headers=headers))
        look(*(page.content.decode() for page in pages), besides=(secret,))


def _service(create: Callable[..., Flask], kind: type[BaseSettings], folder: Path) -> Flask:
    told: dict[str, Any] = {
        "database_url": f"postgresql://nnt:{DATABASE}@127.0.0.1:{free_port()}/nnt",
        "redis_url": f"redis://:{REDIS}@127.0.0.1:{free_port()}/0",
        "token_secret": SIGNING,
        "service_token": SERVICE,
        "data_dir": folder,
    }
    return create(kind(**{name: told[name] for name in told.keys() & kind.model_fields.keys()}))


def test_the_deployer_tells_nothing_either(people, look, tmp_path):
    client = _service(create_deployer, DeployerSettings, tmp_path).test_client()
    answers = [
        client.open(path, method=method, json=body, headers={"Authorization": shown})
        for shown in (f"Bearer {SERVICE}", f"Bearer {SERVICE}x", SERVICE, f"Basic {SERVICE}")
        for method, path, body in (
            ("POST", "/simulations", {"conf": {"id": str(people.simulation.id)}}),
            ("POST", "/simulations", {}),
            ("GET", f"/simulations/{people.simulation.id}/log", None),
            ("GET", "/simulations_statistics", None),
            ("DELETE", "/nothing", None),
        )
    ]
    assert {answer.status_code for answer in answers} >= {401, 503}
    look(*(answer.text for answer in answers))


def test_the_parser_tells_nothing_either(people, look, tmp_path):
    client = _service(create_parser, ParserSettings, tmp_path).test_client()
    shown = run_tokens.mint(SIGNING, RunToken(people.simulation.id, 1))
    signature = shown.rpartition(".")[2]
    answers = [
        client.post(path, json={"id": "x"}, headers={"Authorization": f"Bearer {token}"})
        for token in (shown, shown + "x", f"nnt1.x.1.{signature}")
        for path in ("/update", "/finish", "/send_error", "/nothing")
    ]
    assert {answer.status_code for answer in answers} >= {401, 503}
    look(*(answer.text for answer in answers), besides=(signature,))


@pytest.mark.parametrize("kind", [ServerSettings, DeployerSettings, ParserSettings, UpSettings])
def test_settings_that_are_wrong_are_named_without_their_values(kind, monkeypatch):
    told = {
        "NNT_DATABASE_URL": f"nonsense {DATABASE}",
        "NNT_REDIS_URL": f"redis://:{REDIS}@127.0.0.1/0",
        "NNT_SECRET_KEY": "planted",
        "NNT_SERVICE_TOKEN": "planted",
        "NNT_TOKEN_SECRET": "planted",
        "NNT_DATA_DIR": "",
        "NNT_SERVER_PORT": "none",
        "NNT_MAX_UPLOAD_MB": "none",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        kind()
    assert not any(secret in str(caught.value) for secret in PLANTED)
