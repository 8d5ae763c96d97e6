"""What the server asks of the deployer."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from nnt_contract.message import Message


class LaunchConf(BaseModel):
    # The database holds the configuration; what else a caller writes here is not read.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    id: UUID


class LaunchOrder(Message):
    """A doorbell: the row of simulation `conf.id` exists and is wanted running."""

    conf: LaunchConf
    model: dict[str, Any] | None = None
