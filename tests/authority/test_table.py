"""Who may ask what: a row for every address of every service, a column for everybody who may try.

The addresses are asked of the services themselves, so that one without a row here fails the test.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from flask import Flask

from nnt_contract.orders import LaunchConf, LaunchOrder
from nnt_contract.tokens import RunToken, mint
from tests.authority.conftest import People
from tests.authority.routes import django_routes, filled, flask_routes
from tests.server.conftest import a_simulation
from tests.server.test_security import assert_guarded

from nnt_server.accounts.models import ApiToken, User  # isort: skip
from nnt_server.simulations.model_inspections import key_for, look_at  # isort: skip

EVERYBODY = (
    *("anonymous", "stranger", "owner", "administrator", "disabled"),
    *("run_token", "service_token"),
)

# An answer is a status, or "log-in" where people are sent to the log-in page. A form that came empty is answered 422
# (or 200, with the question) to those who may send it.
# fmt: off
SERVER: Mapping[str, str] = {
    # anonymous, stranger, owner, administrator, disabled, run token, service token
    "GET /":                                                  "200     302   302   302   200     200     200",
    "GET /accounts/":                                         "log-in  200   200   200   log-in  log-in  log-in",
    "GET /accounts/delete/":                                  "log-in  200   200   200   log-in  log-in  log-in",
    "POST /accounts/delete/":                                 "log-in  200   200   200   log-in  log-in  log-in",
    "GET /accounts/details/":                                 "log-in  302   302   302   log-in  log-in  log-in",
    "POST /accounts/details/":                                "log-in  422   422   422   log-in  log-in  log-in",
    "GET /accounts/log-in/":                                  "200     302   302   302   200     200     200",
    "POST /accounts/log-in/":                                 "200     302   302   302   200     200     200",
    "POST /accounts/log-out/":                                "log-in  302   302   302   log-in  log-in  log-in",
    "GET /accounts/password/":                                "log-in  302   302   302   log-in  log-in  log-in",
    "POST /accounts/password/":                               "log-in  422   422   422   log-in  log-in  log-in",
    "GET /accounts/sign-up/":                                 "200     302   302   302   200     200     200",
    "POST /accounts/sign-up/":                                "200     302   302   302   200     200     200",
    "GET /accounts/signed-in/":                               "401     204   204   204   401     401     401",
    "GET /accounts/tokens/":                                  "log-in  302   302   302   log-in  log-in  log-in",
    "POST /accounts/tokens/":                                 "log-in  422   422   422   log-in  log-in  log-in",
    "GET /accounts/tokens/<uuid:token_id>/revoke/":           "log-in  404   200   404   log-in  log-in  log-in",
    "POST /accounts/tokens/<uuid:token_id>/revoke/":          "log-in  404   302   404   log-in  log-in  log-in",
    "GET /accounts/users/":                                   "log-in  404   404   200   log-in  log-in  log-in",
    "GET /accounts/users/<int:user_id>/<slug:change>/":       "log-in  404   404   302   log-in  log-in  log-in",
    "POST /accounts/users/<int:user_id>/<slug:change>/":      "log-in  404   404   302   log-in  log-in  log-in",
    "GET /accounts/users/<int:user_id>/delete/":              "log-in  404   404   200   log-in  log-in  log-in",
    "POST /accounts/users/<int:user_id>/delete/":             "log-in  404   404   302   log-in  log-in  log-in",
    "GET /api/":                                              "404     404   404   404   404     404     404",
    "GET /api/docs":                                          "200     200   200   200   200     200     200",
    "GET /api/openapi.json":                                  "200     200   200   200   200     200     200",
    "POST /api/experiments":                                  "401     422   422   422   401     401     401",
    "GET /api/simulations":                                   "401     200   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>":                     "401     404   200   200   401     401     401",
    "DELETE /api/simulations/<uuid:sim_id>":                  "401     404   202   202   401     401     401",
    "POST /api/simulations/<uuid:sim_id>/<command:command>":  "401     404   202   202   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/epochs":              "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/events":              "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/export":              "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/log":                 "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/metrics":             "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/model":               "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/records":             "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/statistics":          "401     404   200   200   401     401     401",
    "GET /api/simulations/<uuid:sim_id>/weights":             "401     404   200   200   401     401     401",
    "POST /api/token":                                        "422     422   422   422   422     422     422",
    "GET /machine/":                                          "log-in  404   404   200   log-in  log-in  log-in",
    "GET /simulations/":                                      "log-in  200   200   200   log-in  log-in  log-in",
    "POST /simulations/models/":                              "log-in  200   200   200   log-in  log-in  log-in",
    "GET /simulations/models/<str:key>/":                     "log-in  404   200   404   log-in  log-in  log-in",
    "GET /simulations/new/":                                  "log-in  200   200   200   log-in  log-in  log-in",
    "POST /simulations/new/":                                 "log-in  200   200   200   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/":                        "log-in  404   200   200   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/<command:command>/":      "log-in  404   302   302   log-in  log-in  log-in",
    "POST /simulations/<uuid:sim_id>/<command:command>/":     "log-in  404   302   302   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/delete/":                 "log-in  404   200   200   log-in  log-in  log-in",
    "POST /simulations/<uuid:sim_id>/delete/":                "log-in  404   302   302   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/epoch_values":            "log-in  404   200   200   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/history/":                "log-in  404   200   200   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/log.txt":                 "log-in  404   200   200   log-in  log-in  log-in",
    "GET /simulations/<uuid:sim_id>/log/":                    "log-in  404   200   200   log-in  log-in  log-in",
}
DEPLOYER: Mapping[str, str] = {
    "GET /healthz":                                           "200     200   200   200   200     200     200",
    "POST /model_inspections/<inspection_id>":                "401     401   401   401   401     401     202",
    "GET /simulations_statistics":                            "401     401   401   401   401     401     200",
    "POST /simulations":                                      "401     401   401   401   401     401     202",
    "DELETE /simulations/<uuid:sim_id>":                      "401     401   401   401   401     401     202",
    "GET /simulations/<uuid:sim_id>/log":                     "401     401   401   401   401     401     200",
    "GET /simulations/<uuid:sim_id>/model":                   "401     401   401   401   401     401     404",
    "POST /simulations/<uuid:sim_id>/<any(START, STOP, PAUSE):command>":
                                                              "401     401   401   401   401     401     202",
}
PARSER: Mapping[str, str] = {
    "GET /healthz":                                           "200     200   200   200   200     200     200",
    "POST /<any(update, finish, send_error):kind>":           "401     401   401   401   401     202     401",
}
# fmt: on
MODEL = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
QUERIES = {"/api/simulations/<uuid:sim_id>/weights": "?layer=0&variable=kernel&epoch=0"}


def expected(row: str) -> dict[str, str]:
    return dict(zip(EVERYBODY, row.split(), strict=True))


def test_every_address_of_the_server_has_its_row(people):
    assert django_routes(people.administrator) == SERVER.keys()


def test_every_address_of_the_deployer_has_its_row(deployer):
    assert flask_routes(deployer) == DEPLOYER.keys()


def test_every_address_of_the_parser_has_its_row(parser):
    assert flask_routes(parser) == PARSER.keys()


@pytest.mark.parametrize("row", SERVER)
def test_the_server_answers_everybody_as_the_table_says(people, row):
    _collect_a_weight(people)
    method, route = row.split(" ")
    address = filled(route, _values(people)) + QUERIES.get(route, "")
    answers = {}
    for who in EVERYBODY:
        with _undone():
            client = _visitor(people, who, by_token=route.startswith("/api/"))
            answers[who] = _ask(client, method, address)
    assert answers == expected(SERVER[row])


@pytest.mark.parametrize("row", [row for row in SERVER if "/api/" in row and row[:3] == "GET"])
def test_a_browser_that_is_logged_in_reads_the_api_too(people, row):
    _collect_a_weight(people)
    method, route = row.split(" ")
    address = filled(route, _values(people)) + QUERIES.get(route, "")
    for who in ("stranger", "owner", "administrator", "disabled"):
        with _undone():
            answer = _ask(_visitor(people, who, by_token=False), method, address)
        assert answer == expected(SERVER[row])[who]


@pytest.mark.parametrize("row", [row for row in SERVER if row[:3] != "GET"])
def test_a_cookie_alone_changes_nothing(people, row):
    """Another site can have a browser send its cookies, and not the token that is in our forms."""
    method, route = row.split(" ")
    browser = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    browser.force_login(people.administrator.user)
    answer = browser.generic(method, filled(route, _values(people)))
    # To ask for a token needs no cookie: the password is in the request.
    assert answer.status_code == (415 if row == "POST /api/token" else 403)


@pytest.mark.parametrize("row", DEPLOYER)
def test_the_deployer_answers_everybody_as_the_table_says(people, deployer, row):
    assert _of_service(people, deployer, row) == expected(DEPLOYER[row])


@pytest.mark.parametrize("row", PARSER)
def test_the_parser_answers_everybody_as_the_table_says(people, parser, row):
    assert _of_service(people, parser, row) == expected(PARSER[row])


@pytest.mark.parametrize("kind", ["update", "finish", "send_error"])
def test_a_run_token_speaks_for_its_own_simulation_only(people, parser, kind):
    other = a_simulation(people.stranger.user)
    body = {
        "update": {"id": str(other.id), "epoch": 0, "model": MODEL, "weights": [], "logs": {}},
        "finish": {"id": str(other.id)},
        "send_error": {"id": str(other.id), "error": "mine"},
    }[kind]
    answer = parser.test_client().post(f"/{kind}", json=body, headers=_bearer(people.run_token))
    assert answer.status_code == 403
    forged = mint("f" * 32, RunToken(people.simulation.id, 1))
    answer = parser.test_client().post(f"/{kind}", json=body, headers=_bearer(forged))
    assert answer.status_code == 401


def test_what_a_disabled_user_had_opens_nothing(people):
    browser = people.owner
    assert browser.get(reverse("simulation_list")).status_code == 200
    User.objects.filter(id=browser.user.id).update(is_active=False)
    assert browser.get(reverse("simulation_list")).status_code == 302


def _ask(client: Client, method: str, address: str) -> str:
    if address == "/api/token":
        answer = client.generic(method, address, "{}", "application/json")
    elif method == "POST":
        answer = client.post(address, {})
    else:
        answer = client.generic(method, address)
    assert_guarded(answer)
    if answer.status_code == 302 and answer.headers["Location"].startswith(reverse("log_in")):
        return "log-in"
    return str(answer.status_code)


def _of_service(people: People, app: Flask, row: str) -> dict[str, str]:
    method, _, route = row.partition(" ")
    sim_id = people.simulation.id
    body = {
        "/simulations": LaunchOrder(conf=LaunchConf(id=sim_id)).model_dump_json(exclude_none=True),
        "/<any(update, finish, send_error):kind>": json.dumps({"id": str(sim_id)}),
    }
    parts = {
        "<uuid:sim_id>": sim_id,
        "<inspection_id>": "0a" * 32,
        "<any(START, STOP, PAUSE):command>": "PAUSE",
        "<any(update, finish, send_error):kind>": "finish",
    }
    client = app.test_client()
    answers = {}
    for who in EVERYBODY:
        headers = {"Content-Type": "application/json", **_bearer(_shown(people, who))}
        answer = client.open(
            filled(route, parts), method=method, data=body.get(route), headers=headers
        )
        answers[who] = str(answer.status_code)
    return answers


def _values(people: People) -> Mapping[str, object]:
    return {
        "<uuid:sim_id>": people.simulation.id,
        "<uuid:token_id>": ApiToken.objects.get(name="owner").id,
        "<int:user_id>": people.stranger.user.id,
        "<slug:change>": "disable",
        "<command:command>": "pause",
        "<str:key>": key_for(people.owner.user, look_at(json.loads(MODEL), "tensorflow")),
    }


def _visitor(people: People, who: str, *, by_token: bool) -> Client:
    """A browser in which they are logged in; or a program with their token."""
    if who == "disabled":
        User.objects.filter(id=people.owner.user.id).update(is_active=False)
    if not by_token and who in ("stranger", "owner", "administrator", "disabled"):
        visitor = Client(SERVER_NAME="localhost")
        visitor.force_login(getattr(people, "owner" if who == "disabled" else who).user)
        return visitor
    return Client(SERVER_NAME="localhost", headers=_bearer(_shown(people, who)))


def _shown(people: People, who: str) -> str | None:
    if who in ("run_token", "service_token"):
        return str(getattr(people, who))
    return people.api_tokens.get(who)


def _bearer(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"Authorization": f"Bearer {secret}"}


def _collect_a_weight(people: People) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO weights (sim_id, epoch, time, layer_index, layer_name, variable, shape, first_index, weight)
            VALUES (%s, 0, now(), 0, 'dense', 'kernel', '{1}', 1, '{0.5}')
            """,
            [people.simulation.id],
        )


@contextmanager
def _undone() -> Iterator[None]:
    """What happens within has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
