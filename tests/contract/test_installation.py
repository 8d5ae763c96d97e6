"""What a service makes of the variables that are told to all of them."""

import pytest
from psycopg2.extensions import parse_dsn
from pydantic import ValidationError

from nnt_contract.installation import DERIVED, REPORT_NAMES, filled_in
from nnt_deployer.settings import DeployerSettings
from nnt_parser.settings import ParserSettings
from nnt_server.server_settings import ServerSettings
from nnt_simulation.settings import SimulationSettings

SECRET = "s" * 32
TOLD = {"NNT_SECRET": SECRET, "DATABASE_PASSWORD": "p@ss/word", "BROKER_URL": "redis://broker:6379"}
CLASSES = (ServerSettings, DeployerSettings, ParserSettings)


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch, tmp_path):
    for settings in (*CLASSES, SimulationSettings):
        for name in settings.model_fields:
            monkeypatch.delenv(f"NNT_{name}".upper(), raising=False)
    monkeypatch.setenv("NNT_DATA_DIR", str(tmp_path))


@pytest.fixture
def tell(monkeypatch):
    return lambda variables: [monkeypatch.setenv(*item) for item in variables.items()]


@pytest.mark.parametrize("settings", CLASSES)
def test_two_secrets_and_a_broker_are_all_that_a_service_must_be_told(settings, tell):
    tell(TOLD)
    assert settings()


def test_services_that_share_a_secret_make_the_same_of_it(tell):
    tell(TOLD)
    server, deployer, parser = ServerSettings(), DeployerSettings(), ParserSettings()
    assert server.service_token == deployer.service_token
    assert deployer.token_secret == parser.token_secret
    made = filled_in(DERIVED, {}, TOLD)
    assert len(set(made.values()) | {SECRET}) == len(DERIVED) + 1


def test_what_is_told_to_one_service_goes_before_what_is_told_to_all(tell):
    own = {"NNT_TOKEN_SECRET": "t" * 40, "NNT_DATABASE_URL": "postgresql://a:b@c:5/d"}
    tell(TOLD | own)
    settings = ParserSettings()
    assert settings.token_secret.get_secret_value() == "t" * 40
    assert settings.database_url.get_secret_value() == own["NNT_DATABASE_URL"]


def test_a_database_told_in_parts_may_have_any_password(tell):
    tell(TOLD | {"DATABASE_HOST": "db.example", "DATABASE_USER": "nnt"})
    parts = parse_dsn(ParserSettings().database_url.get_secret_value())
    assert parts == {
        "host": "db.example",
        "port": "5432",
        "dbname": "nntracker",
        "user": "nnt",
        "password": "p@ss/word",
    }


def test_the_report_s_names_are_understood(tell):
    told = {
        "DEPLOYER_BASE_URL": "http://deployer.example:7000",
        "DEPLOYABLE_NAME": "another/simulation",
        "PARSER_URL": "http://parser.example:6000",
    }
    tell(TOLD | told)
    deployer = DeployerSettings()
    assert (deployer.docker_image, deployer.parser_url) == (
        told["DEPLOYABLE_NAME"],
        told["PARSER_URL"],
    )
    assert deployer.redis_url.get_secret_value() == TOLD["BROKER_URL"]
    assert str(ServerSettings().deployer_url) == told["DEPLOYER_BASE_URL"] + "/"


def test_a_simulation_that_somebody_starts_finds_the_parser_by_the_report_s_name(tell, tmp_path):
    own = {"NNT_RUN_DIR": str(tmp_path), "NNT_RUN_TOKEN": "t"}
    tell(own | {"PARSER_URL": "http://parser.example:6000"})
    assert str(SimulationSettings().parser_url) == "http://parser.example:6000/"


def test_every_name_of_the_report_s_means_a_setting():
    known = {name for settings in CLASSES for name in settings.model_fields}
    assert known >= {*REPORT_NAMES, *DERIVED}


@pytest.mark.parametrize("settings", CLASSES)
def test_a_short_secret_is_refused_by_name_and_not_repeated(settings, tell):
    tell(TOLD | {"NNT_SECRET": "hidden"})
    with pytest.raises(ValidationError, match="NNT_SECRET has 6 characters") as refused:
        settings()
    assert "hidden" not in str(refused.value)
