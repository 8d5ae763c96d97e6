"""Everything the parser can be told."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nnt_contract.installation import filled_in


class ParserSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        description="PostgreSQL: postgresql://user:password@host:port/name"
    )
    redis_url: SecretStr = Field(description="Redis, which carries this service's Celery messages")
    token_secret: SecretStr = Field(
        min_length=32, description="Checks the run tokens that simulations show"
    )
    data_dir: Path = Field(description="Folder of everything that is kept; the spool is in it")
    max_update_mb: PositiveInt = Field(4096, description="Largest body of an update, in MiB")
    max_json_mb: PositiveInt = Field(
        64, description="Largest body of an update in the JSON encoding, in MiB"
    )
    sweep_s: PositiveFloat = Field(
        5, description="Seconds between two looks for updates that Redis forgot"
    )
    watchdog_s: PositiveFloat = Field(
        60,
        description="Seconds that messages may wait for an idle worker before it is started again",
    )

    @model_validator(mode="before")
    @classmethod
    def _told_to_all(cls, given: dict[str, Any]) -> dict[str, Any]:
        return filled_in(cls.model_fields, given, os.environ)

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"
