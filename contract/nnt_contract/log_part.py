"""A part of what a simulation printed, on its way from the deployer to whoever reads it."""

from pydantic import Field

from nnt_contract.message import Message


class LogPart(Message):
    """A piece of what a simulation printed."""

    text: str
    # It means something to the deployer only.
    after: str = Field(description="to be sent for what follows")
    more: bool = Field(description="more is there already")
