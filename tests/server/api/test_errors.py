"""Every error of the API has the one body, whoever noticed it."""

import pytest

from nnt_contract.errors import ErrorBody
from tests.server.api.conftest import Program
from tests.server.conftest import PASSWORD, Visitor, a_simulation

TOKEN = "/api/token"
JSON = "application/json"


def error_of(answer, status: int) -> str:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == JSON
    return ErrorBody.model_validate_json(answer.content).error


def test_a_password_gives_a_token_that_opens_the_api(alice, site):
    program = Program()
    answer = program.post(TOKEN, {"username": "alice", "password": PASSWORD}, content_type=JSON)
    assert answer.status_code == 200 and answer.json().keys() == {"token"}
    authorization = f"Bearer {answer.json()['token']}"
    listed = program.get("/api/simulations", headers={"Authorization": authorization})
    assert listed.status_code == 200 and listed.json()["total"] == 0


@pytest.mark.parametrize(
    "sent",
    [
        {"username": "alice", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "alice\0", "password": PASSWORD},
        {"username": "alice", "password": "\0"},
    ],
)
def test_a_wrong_password_is_401(alice, sent):
    assert error_of(Program().post(TOKEN, sent, content_type=JSON), 401) == "not_logged_in"


def test_a_password_that_is_wrong_again_and_again_is_429(alice):
    for _ in range(10):
        answer = Program().post(
            TOKEN, {"username": "alice", "password": "wrong"}, content_type=JSON
        )
    assert error_of(answer, 429) == "too_many_attempts"
    assert int(answer.headers["Retry-After"]) > 0


def test_every_wrong_key_of_a_body_is_named_and_no_value_is_repeated(alice):
    sent = {"username": 5, "pasword": "my secret"}
    answer = Program().post(TOKEN, sent, content_type=JSON)
    assert error_of(answer, 422) == "invalid"
    assert {f["field"] for f in answer.json()["fields"]} == {"username", "password", "pasword"}
    assert "my secret" not in answer.content.decode()


@pytest.mark.parametrize(
    "body", ["{", "[" * 100_000, '"\\ud800"', '{"username": 1e999}', "1" * 5000, "null", "[]"]
)
def test_a_body_that_makes_no_sense_is_4xx(alice, body):
    answer = Program().generic("POST", TOKEN, body, content_type=JSON)
    assert answer.status_code in (400, 422) and ErrorBody.model_validate_json(answer.content)


def test_half_a_character_is_422(alice):
    body = '{"username": "\\ud800", "password": "\\udfff"}'
    answer = Program().generic("POST", TOKEN, body, content_type=JSON)
    assert error_of(answer, 422) == "invalid"


def test_another_content_type_is_415(alice):
    answer = Program().post(TOKEN, {"username": "alice", "password": PASSWORD})
    assert error_of(answer, 415) == "unsupported_media_type"


def test_a_body_that_is_too_large_is_413(alice):
    answer = Program().generic("POST", TOKEN, b" " * 1_100_000, content_type=JSON)
    assert error_of(answer, 413) == "too_large"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Bearer x", "Basic x", "Bearer \udcff", "x" * 5000]
)
def test_without_a_valid_token_it_is_401(alice, header):
    headers = {"Authorization": header} if header is not None else {}
    answer = Program().get("/api/simulations", headers=headers)
    assert error_of(answer, 401) == "not_logged_in"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_token_is_not_made_good_by_a_session(alice):
    browser = Visitor()
    browser.force_login(alice.user)
    answer = browser.get("/api/simulations", headers={"Authorization": "Bearer x"})
    assert error_of(answer, 401) == "not_logged_in"


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/simulations/not-a-uuid"])
def test_an_unknown_address_is_404(program, path):
    assert error_of(program.get(path), 404) == "not_found"


@pytest.mark.parametrize(
    ("method", "what"), [("GET", "pause"), ("POST", "epochs"), ("PUT", ""), ("OPTIONS", "log")]
)
def test_another_method_is_405(program, alice, method, what):
    path = f"/api/simulations/{a_simulation(alice.user).id}/{what}".rstrip("/")
    answer = program.generic(method, path)
    assert error_of(answer, 405) == "method_not_allowed" and answer.headers["Allow"]


def test_a_strange_host_is_400(program):
    assert error_of(program.get("/api/simulations", headers={"Host": "evil.example"}), 400)


def test_what_breaks_is_500_without_its_details(program, monkeypatch, caplog):
    def breaks(*arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("nnt_server.simulations.selectors.newest_first", breaks)
    answer = program.get("/api/simulations")
    assert error_of(answer, 500) == "internal"
    assert "secret" not in answer.content.decode() and "secret detail" in caplog.text


def test_the_description_and_its_page_are_open_to_everybody(anonymous):
    schema = anonymous.get("/api/openapi.json").json()
    page = anonymous.get("/api/docs").content.decode()
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
    assert "<style" not in page and page.count("<script") == page.count("<script src=")
