"""What the service can be told, and how it refuses."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from nnt_server.server_settings import ServerSettings
from nnt_server.settings import django_database

TOLD = {
    "database_url": "postgresql://u:hidden@db.example:5433/nnt",
    "secret_key": "k" * 40,
    "service_token": "s" * 40,
    "data_dir": "/data",
}


def test_secrets_have_no_default(monkeypatch):
    for name in TOLD:
        monkeypatch.delenv(f"NNT_{name.upper()}", raising=False)
    with pytest.raises(ValidationError) as refused:
        ServerSettings()
    missing = {error["loc"][0] for error in refused.value.errors() if error["type"] == "missing"}
    assert missing == TOLD.keys()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_key", "hidden"),
        ("database_url", "postgresql://u:hidden@[broken/nnt"),
        ("database_url", "hidden?"),
    ],
)
def test_a_refused_secret_is_not_repeated(field, value):
    with pytest.raises(ValidationError) as refused:
        ServerSettings(**(TOLD | {field: value}))
    assert field in str(refused.value) and "hidden" not in str(refused.value)


@pytest.mark.parametrize("limit", ["memory_mb", "cpu_s", "wall_s"])
def test_a_default_limit_above_the_highest_is_refused(limit):
    told: dict[str, Any] = {f"limit_{limit}": 200, f"limit_{limit}_max": 100}
    with pytest.raises(ValidationError, match=f"limit_{limit} is 200, more than limit_{limit}_max"):
        ServerSettings(**(TOLD | told))
    assert ServerSettings(**(TOLD | told | {f"limit_{limit}_max": 200}))


def test_every_setting_is_described():
    assert all(field.description for field in ServerSettings.model_fields.values())


def test_the_database_url_becomes_djangos_settings():
    made = django_database(SecretStr("postgresql://u:p%40ss@db.example:5433/nnt?sslmode=require"))
    assert (made["USER"], made["PASSWORD"], made["HOST"]) == ("u", "p@ss", "db.example")
    assert (made["PORT"], made["NAME"], made["OPTIONS"]) == ("5433", "nnt", {"sslmode": "require"})
