"""All three services on one database, and everybody who may knock at their doors."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from nnt_contract import tokens as run_tokens
from nnt_contract.status import Status
from nnt_contract.tokens import RunToken
from nnt_deployer.app import create_app as create_deployer
from nnt_deployer.settings import DeployerSettings
from nnt_parser.app import create_app as create_parser
from nnt_parser.settings import ParserSettings
from tests.server.conftest import (
    SERVICE_TOKEN,
    Doorbell,
    Visitor,
    _shared_database,
    _static_files,
    a_simulation,
    doorbell,
    site,
)

# Django's settings exist from here on only.
from nnt_server.accounts import tokens  # isort: skip
from nnt_server.simulations.models import Simulation  # isort: skip

__all__ = ["_shared_database", "_static_files", "doorbell", "site"]

TOKEN_SECRET = "t" * 32


@dataclass
class People:
    """Whose things are asked for, who asks, and what they show."""

    simulation: Simulation
    owner: Visitor
    stranger: Visitor
    administrator: Visitor
    api_tokens: dict[str, str]
    run_token: str
    service_token: str = SERVICE_TOKEN


@pytest.fixture
def people(site: Path, doorbell: Doorbell) -> People:
    visitors = {
        "owner": Visitor("alice"),
        "stranger": Visitor("bob"),
        "administrator": Visitor("root", is_staff=True),
    }
    simulation = a_simulation(visitors["owner"].user, status=Status.RUNNING, attempt=1)
    secrets = {who: tokens.create_token(visitor.user, who) for who, visitor in visitors.items()}
    # Who is disabled comes with what was good before.
    secrets["disabled"] = secrets["owner"]
    run_token = run_tokens.mint(TOKEN_SECRET, RunToken(simulation.id, 1))
    return People(
        simulation,
        owner=visitors["owner"],
        stranger=visitors["stranger"],
        administrator=visitors["administrator"],
        api_tokens=secrets,
        run_token=run_token,
    )


@pytest.fixture
def deployer(_shared_database: str, redis_url: str, tmp_path: Path) -> Flask:
    return create_deployer(
        DeployerSettings(
            database_url=SecretStr(_shared_database),
            redis_url=SecretStr(redis_url),
            token_secret=SecretStr(TOKEN_SECRET),
            service_token=SecretStr(SERVICE_TOKEN),
            data_dir=tmp_path / "deployer",
        )
    )


@pytest.fixture
def parser(_shared_database: str, redis_url: str, tmp_path: Path) -> Flask:
    return create_parser(
        ParserSettings(
            database_url=SecretStr(_shared_database),
            redis_url=SecretStr(redis_url),
            token_secret=SecretStr(TOKEN_SECRET),
            data_dir=tmp_path / "parser",
        )
    )
