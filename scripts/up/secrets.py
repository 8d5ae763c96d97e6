"""The secrets of an installation, made on its first start and kept in its data folder."""

import os
import secrets
from pathlib import Path

from pydantic import BaseModel, Field


def _random() -> str:
    return secrets.token_urlsafe(32)


class Secrets(BaseModel):
    secret_key: str = Field(default_factory=_random)
    token_secret: str = Field(default_factory=_random)
    service_token: str = Field(default_factory=_random)
    postgres_password: str = Field(default_factory=_random)
    redis_password: str = Field(default_factory=_random)


def load_or_make(path: Path) -> Secrets:
    """Those in the file; on the first start new ones, written there for the owner's eyes only."""
    if path.exists():
        return Secrets.model_validate_json(path.read_text())
    made = Secrets()
    unfinished = path.with_suffix(".tmp")
    unfinished.touch(mode=0o600)
    with unfinished.open("w") as file:
        file.write(made.model_dump_json(indent=2))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return made
