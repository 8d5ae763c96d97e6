"""Everything that `make up` can be told, and the environment it gives to the services."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from scripts.up.commit import commit
from scripts.up.secrets import Secrets

# Marks the processes that a start made; never a setting, so that no shell of the user's carries it.
INSTANCE = "NNT_INSTANCE"

ROOT = Path(__file__).resolve().parents[2]


def default_data_dir() -> Path:
    """A folder beside the code, unless its database could not be read there.

    PostgreSQL refuses to run as root, and the user it then runs as cannot look into root's home folder.
    """
    if os.geteuid() == 0 and not all(folder.stat().st_mode & 0o001 for folder in ROOT.parents):
        digest = hashlib.sha256(bytes(ROOT)).hexdigest()[:8]
        return Path("/var/lib/neural-net-tracker") / digest
    return ROOT / ".data"


class UpSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="NNT_",
        env_file=ROOT / ".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of everything that is kept"
    )
    bind_host: str = Field("127.0.0.1", description="Address at which the services listen")
    server_port: PositiveInt = Field(8000, description="Port of the web interface")
    deployer_port: PositiveInt = Field(7000, description="Port of the deployer's API")
    parser_port: PositiveInt = Field(6000, description="Port of the parser's API")
    postgres_port: PositiveInt = Field(5433, description="Port of the embedded PostgreSQL")
    redis_port: PositiveInt = Field(6380, description="Port of the embedded Redis")
    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL to use instead of the embedded one"
    )
    redis_url: SecretStr | None = Field(
        None, description="A Redis to use instead of the embedded one"
    )
    admin_name: str = Field(
        "admin", description="Name of the administrator made on the first start"
    )

    @property
    def address(self) -> str:
        return f"http://{self.local_host}:{self.server_port}/"

    @property
    def local_host(self) -> str:
        """Where this machine itself reaches the services."""
        everywhere = ("0.0.0.0", "::", "")  # nosec B104  # recognised, not bound to
        return "127.0.0.1" if self.bind_host in everywhere else self.bind_host

    @property
    def ports(self) -> Mapping[str, int]:
        """The ports that must be free, by the name of their setting."""
        names = ["server_port", "deployer_port", "parser_port"]
        names += [] if self.database_url else ["postgres_port"]
        names += [] if self.redis_url else ["redis_port"]
        return {f"NNT_{name.upper()}": getattr(self, name) for name in names}


def service_environment(settings: UpSettings, secrets: Secrets) -> dict[str, str]:
    """The environment of every service: the caller's own and that of .env, and what this start decides."""
    database = (
        f"postgresql://nnt:{secrets.postgres_password}@127.0.0.1:{settings.postgres_port}/nnt"
    )
    redis = f"redis://:{secrets.redis_password}@127.0.0.1:{settings.redis_port}/0"
    return {
        "NNT_SECRET_KEY": secrets.secret_key,
        "NNT_TOKEN_SECRET": secrets.token_secret,
        "NNT_SERVICE_TOKEN": secrets.service_token,
        "NNT_DEPLOYER_URL": f"http://{settings.local_host}:{settings.deployer_port}",
        "NNT_PARSER_URL": f"http://{settings.local_host}:{settings.parser_port}",
        "NNT_COMMIT": commit(ROOT),
        **{name: value for name, value in dotenv_values(ROOT / ".env").items() if value},
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        INSTANCE: str(settings.data_dir),
        "NNT_DATA_DIR": str(settings.data_dir),
        "NNT_DATABASE_URL": settings.database_url.get_secret_value()
        if settings.database_url
        else database,
        "NNT_REDIS_URL": settings.redis_url.get_secret_value() if settings.redis_url else redis,
        "NNT_BIND_HOST": settings.bind_host,
        "NNT_SERVER_PORT": str(settings.server_port),
        "NNT_DEPLOYER_PORT": str(settings.deployer_port),
        "NNT_PARSER_PORT": str(settings.parser_port),
    }
