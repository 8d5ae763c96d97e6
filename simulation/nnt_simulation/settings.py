"""Everything a training process can be told, and what it tells Keras and its backend."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nnt_contract.installation import filled_in
from nnt_contract.simulation_config import BackendName

_TOLD_TO: Mapping[BackendName, Mapping[str, str]] = {
    # Its start-up remarks do not belong into a user's log.
    "tensorflow": {"TF_CPP_MIN_LOG_LEVEL": "3"},
    # Without it products differ from run to run on a graphics processor.
    "torch": {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"},
}


class SimulationSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True, hide_input_in_errors=True)

    run_dir: Path = Field(
        description="Folder with run.json; outbox and checkpoints are put into it"
    )
    parser_url: HttpUrl = Field(description="Where updates are delivered")
    run_token: SecretStr = Field(min_length=1, description="What the parser knows this attempt by")
    outbox_max_files: PositiveInt = Field(
        10_000, description="Updates that may wait for the parser before training waits too"
    )
    outbox_max_mb: PositiveInt = Field(
        2048, description="MiB of updates that may wait for the parser before training waits too"
    )
    flush_s: PositiveFloat = Field(
        60, description="Seconds to wait at the end until everything is delivered"
    )
    stop_flush_s: PositiveFloat = Field(5, description="The same after a request to stop")
    commit: str = Field(
        "",
        description="Which commit of the platform this is, for the records; `make up` finds it out itself",
    )

    @model_validator(mode="before")
    @classmethod
    def _told_to_all(cls, given: dict[str, Any]) -> dict[str, Any]:
        return filled_in(cls.model_fields, given, os.environ)


class DatasetSettings(BaseSettings):
    """What datasets may be; apart, because they are read before and without a parser."""

    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True)

    dataset_max_mb: PositiveInt = Field(
        8192, description="MiB that features and labels of one dataset may take on disk, unpacked"
    )
    dataset_whole_max_mb: PositiveInt = Field(
        128,
        description="MiB that a JSON file or a pickle may have, unpacked: it is in memory whole",
    )


def tell_keras(backend: BackendName) -> None:
    """Before it is imported."""
    os.environ["KERAS_BACKEND"] = backend
    for name, value in _TOLD_TO[backend].items():
        os.environ.setdefault(name, value)
