"""Everything this service can be told."""

import os
from pathlib import Path
from typing import Any, Self

from psycopg2.extensions import parse_dsn
from pydantic import (
    Field,
    HttpUrl,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from nnt_contract.installation import filled_in

_REPOSITORY = Path(__file__).resolve().parents[2]


class ServerSettings(BaseSettings):
    """Everything the server can be told."""

    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        description="The PostgreSQL database: postgresql://user:password@host:port/name"
    )
    secret_key: SecretStr = Field(min_length=32, description="Signs sessions and forms")
    service_token: SecretStr = Field(
        min_length=32, description="What the server shows to the deployer"
    )
    deployer_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:7000"), description="Where the deployer answers"
    )
    data_dir: Path = Field(description="Where datasets and uploads are kept")
    static_dir: Path | None = Field(
        default=None,
        description="Where collectstatic puts what browsers are given; without it, static in NNT_DATA_DIR",
    )
    db_dir: Path = Field(
        default=_REPOSITORY / "db", description="The SQL files that migrate applies"
    )
    allowed_hosts: list[str] = Field(
        default=["localhost", "127.0.0.1", "[::1]"],
        description="The names under which browsers reach the server, as a JSON list",
    )
    https: bool = Field(
        default=False,
        description="Browsers come by https, through a proxy that sets X-Forwarded-Proto",
    )
    trusted_proxies: NonNegativeInt = Field(
        default=0,
        description="How many proxies of ours a request passes; that many ends of X-Forwarded-For are believed",
    )
    max_upload_mb: PositiveInt = Field(
        default=2048, description="The largest request: a model and three datasets together"
    )
    max_model_mb: PositiveInt = Field(default=16, description="The largest model file")
    max_simulations_per_experiment: PositiveInt = Field(
        default=100,
        description="The most simulations that an experiment may have: optimizers × losses × learning rates × folds",
    )
    # What a simulation may use; None: as much as there is.
    limit_memory_mb: PositiveInt | None = Field(
        default=None, description="Memory of a simulation that names no limit, in MiB"
    )
    limit_memory_mb_max: PositiveInt | None = Field(
        default=None, description="The highest limit of memory that a simulation may have, in MiB"
    )
    limit_cpu_s: PositiveInt | None = Field(
        default=None, description="Processor time of a simulation that names no limit, in seconds"
    )
    limit_cpu_s_max: PositiveInt | None = Field(
        default=None,
        description="The highest limit of processor time that a simulation may have, in seconds",
    )
    limit_wall_s: PositiveInt | None = Field(
        default=None,
        description="Training time, pauses left out, of a simulation that names no limit, in seconds",
    )
    limit_wall_s_max: PositiveInt | None = Field(
        default=None,
        description="The highest limit of training time that a simulation may have, in seconds",
    )

    @model_validator(mode="before")
    @classmethod
    def _told_to_all(cls, given: dict[str, Any]) -> dict[str, Any]:
        return filled_in(cls.model_fields, given, os.environ)

    @field_validator("database_url")
    @classmethod
    def _understood_by_the_driver(cls, url: SecretStr) -> SecretStr:
        try:
            parse_dsn(url.get_secret_value())
        except Exception:
            # The driver's own message repeats the URL, and with it the password.
            raise ValueError("postgresql://user:password@host:port/name is expected") from None
        return url

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        for name in ("limit_memory_mb", "limit_cpu_s", "limit_wall_s"):
            usual, highest = getattr(self, name), getattr(self, f"{name}_max")
            if usual and highest and usual > highest:
                raise ValueError(f"{name} is {usual}, more than {name}_max, which is {highest}")
        return self

    @property
    def datasets_dir(self) -> Path:
        return self.data_dir / "datasets"

    @property
    def uploads_dir(self) -> Path:
        return self.data_dir / "uploads"
