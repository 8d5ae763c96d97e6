import pytest
from pydantic import ValidationError

from nnt_contract import environment
from nnt_simulation.settings import SimulationSettings


@pytest.fixture
def given(monkeypatch):
    monkeypatch.setenv(environment.RUN_DIR, "/run")
    monkeypatch.setenv(environment.PARSER_URL, "http://parser:7000")
    monkeypatch.setenv(environment.RUN_TOKEN, "a secret")
    return monkeypatch


def test_the_names_are_those_of_the_contract(given):
    settings = SimulationSettings()
    assert str(settings.run_dir) == "/run"
    assert str(settings.parser_url) == "http://parser:7000/"
    assert settings.run_token.get_secret_value() == "a secret"


def test_the_token_is_never_shown(given):
    assert "a secret" not in repr(SimulationSettings())
    given.setenv(environment.PARSER_URL, "a secret")
    with pytest.raises(ValidationError) as refused:
        SimulationSettings()
    assert "a secret" not in str(refused.value)


def test_what_is_missing_is_named(monkeypatch):
    with pytest.raises(ValidationError, match="run_token"):
        SimulationSettings(run_dir="/run", parser_url="http://parser:7000")
