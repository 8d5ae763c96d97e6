"""What simulations wait for."""

from typing import NamedTuple


class Wait(NamedTuple):
    """Something that has to be done before a simulation can have a turn, and how far it is, where that is known."""

    told: str
    received_bytes: int = 0
    total_bytes: int | None = None
