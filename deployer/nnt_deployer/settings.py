"""Everything the deployer can be told."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from nnt_contract.environment import PASSED_ON
from nnt_contract.installation import filled_in


class _WorkerSettings(BaseSettings):
    """What every worker of this service must know."""

    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        description="PostgreSQL: postgresql://user:password@host:port/name"
    )
    redis_url: SecretStr = Field(description="Redis, which carries this service's Celery messages")
    data_dir: Path = Field(
        description="Folder of everything that is kept: datasets, run folders, logs"
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
    def datasets_dir(self) -> Path:
        return self.data_dir / "datasets"


class DataWorkerSettings(_WorkerSettings):
    """Everything the data worker can be told: it reads what strangers send, so no secret that it can do without."""

    fetch_allowed_hosts: list[str] = Field(
        [],
        description="Names of hosts from which datasets may be fetched although their addresses are not public, "
        "as a JSON list",
    )
    fetch_max_mb: PositiveInt = Field(2048, description="The largest dataset that is fetched")
    fetch_s: PositiveInt = Field(3600, description="Seconds that fetching one dataset may take")
    # As simulations are told: what is inspected must be what they can read.
    dataset_max_mb: PositiveInt = Field(
        8192, description="MiB that features and labels of one dataset may take on disk, unpacked"
    )
    dataset_whole_max_mb: PositiveInt = Field(
        128,
        description="MiB that a JSON file or a pickle may have, unpacked: it is in memory whole",
    )
    inspection_memory_mb: PositiveInt = Field(
        1024, description="MiB of memory that inspecting an experiment's data may take"
    )
    inspection_s: PositiveInt = Field(
        600, description="Seconds that inspecting an experiment's data may take"
    )


class DeployerSettings(_WorkerSettings):
    token_secret: SecretStr = Field(
        min_length=32, description="Signs the run tokens that simulations show"
    )
    service_token: SecretStr = Field(
        min_length=32, description="What the server shows to this service"
    )
    parser_url: str = Field(
        "http://127.0.0.1:6000", description="The parser, as simulations reach it"
    )
    launcher: Literal["local", "docker"] = Field(
        "local",
        description="What simulations run in: processes of this machine, or Docker containers",
    )
    docker_image: str = Field(
        "nnt-simulation", description="The image of simulations, with nnt_simulation installed"
    )
    docker_python: str = Field("/opt/nnt/bin/python", description="The Python of that image")
    docker_uid: PositiveInt = Field(
        os.getuid() or 10_001,
        description="User that containers run as, and who owns what they write",
    )
    docker_gid: PositiveInt = Field(os.getgid() or 10_001, description="Group of the same")
    docker_parser: str = Field(
        "", description="The parser's container: the only one that simulations can reach"
    )
    max_running: PositiveInt = Field(
        os.cpu_count() or 1,
        description="Simulations that train at once; the others wait in the queue",
    )
    max_running_per_user: PositiveInt = Field(
        1000, description="Simulations of one user that train at once"
    )
    simulation_threads: PositiveInt = Field(
        1, description="Threads of a simulation, fixed at its first start"
    )
    model_inspection_memory_mb: PositiveInt = Field(
        2048, description="MiB of memory that inspecting a model may take"
    )
    model_inspection_s: PositiveInt = Field(
        120, description="Seconds that inspecting a model may take"
    )
    tick_s: PositiveFloat = Field(2, description="Seconds between two looks at all simulations")
    finishing_s: PositiveFloat = Field(
        600, description="Seconds that an ended simulation's last collections may take to arrive"
    )
    stop_ask_s: NonNegativeFloat = Field(
        600,
        description="Seconds that a simulation which was asked to stop has until the end of its epoch",
    )
    stop_insist_s: NonNegativeFloat = Field(
        30, description="Seconds more that it has to end at once; then it is killed"
    )
    shutdown_s: NonNegativeFloat = Field(
        30,
        description="Seconds that simulations have to complete their epoch when the platform is stopped",
    )

    @property
    def passed_on(self) -> Mapping[str, str]:
        """What simulations are told of themselves besides what the deployer decides."""
        return {name: os.environ[name] for name in PASSED_ON if name in os.environ}

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def model_inspections_dir(self) -> Path:
        return self.data_dir / "model-inspections"

    @property
    def undelivered_dir(self) -> Path:
        return self.data_dir / "undelivered"

    @property
    def processes_dir(self) -> Path:
        return self.data_dir / "processes"
