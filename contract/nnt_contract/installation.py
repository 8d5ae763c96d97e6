"""What is told once and every service must understand alike: the installation's secret, and the report's variables."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

SECRET = "NNT_SECRET"
# Settings that are made of the secret where they are not given, each of its own.
DERIVED = ("secret_key", "service_token", "token_secret")
# Settings of one name of ours, and the report's.
REPORT_NAMES: Mapping[str, str] = {
    "deployer_url": "DEPLOYER_BASE_URL",
    "docker_image": "DEPLOYABLE_NAME",
    "parser_url": "PARSER_URL",
    "redis_url": "BROKER_URL",
}
# The report tells the database in parts; what is left out is as there, but no password has a default.
DATABASE_PASSWORD = "DATABASE_PASSWORD"
DATABASE_PARTS: Mapping[str, str] = {
    "DATABASE_HOST": "timescaledb",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "nntracker",
    "DATABASE_USER": "root",
}
_MIN_CHARACTERS = 32


def filled_in(
    fields: Collection[str], given: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """`given`, and those of `fields` that are not in it but can be told from the variables of this module.

    Raises ValueError naming a variable that makes no sense.
    """
    others = {
        **{name: environment[told] for name, told in REPORT_NAMES.items() if environment.get(told)},
        **_database(environment),
        **_derived(environment),
    }
    return {name: value for name, value in others.items() if name in fields} | dict(given)


def derive(secret: str, purpose: str) -> str:
    """A secret for one purpose, from which neither `secret` nor that of another purpose can be told: 64 hex digits."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256).hex()


def _derived(environment: Mapping[str, str]) -> dict[str, str]:
    secret = environment.get(SECRET)
    if not secret:
        return {}
    if len(secret) < _MIN_CHARACTERS:
        raise ValueError(
            f"{SECRET} has {len(secret)} characters, expected at least {_MIN_CHARACTERS}"
        )
    return {name: derive(secret, name) for name in DERIVED}


def _database(environment: Mapping[str, str]) -> dict[str, str]:
    password = environment.get(DATABASE_PASSWORD)
    if not password:
        return {}
    host, port, name, user = (
        quote(environment.get(part) or usual, safe="") for part, usual in DATABASE_PARTS.items()
    )
    return {"database_url": f"postgresql://{user}:{quote(password, safe='')}@{host}:{port}/{name}"}
