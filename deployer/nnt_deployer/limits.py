"""Pure: whether a simulation uses more than it may, and how that is told."""

from datetime import timedelta
from typing import NamedTuple

from nnt_contract.simulation_config import Limits

_MIB = 2**20


class Used(NamedTuple):
    """What a simulation has used: memory by its current attempt, time by all of them."""

    memory_bytes: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0  # in which it trained, without pauses


def exceeded(limits: Limits, used: Used, is_out_of_memory: bool = False) -> str:
    """Names every limit that is exceeded with what was used, for the owner; empty where none is.

    `is_out_of_memory`: its process was ended when it wanted more than its limit, of which no look can tell.
    """
    found = []
    if limits.memory_mb is not None and is_out_of_memory:
        found.append(f"it needed more memory than its limit of {limits.memory_mb:,} MiB")
    elif limits.memory_mb is not None and used.memory_bytes > limits.memory_mb * _MIB:
        found.append(
            f"it used {used.memory_bytes / _MIB:,.0f} MiB of memory, its limit is {limits.memory_mb:,} MiB"
        )
    if limits.cpu_s is not None and used.cpu_s > limits.cpu_s:
        found.append(_time("processor time", used.cpu_s, limits.cpu_s))
    if limits.wall_s is not None and used.wall_s > limits.wall_s:
        found.append(_time("training time", used.wall_s, limits.wall_s))
    return "; ".join(found)


def _time(what: str, used_s: float, limit_s: int) -> str:
    used, limit = (str(timedelta(seconds=round(seconds))) for seconds in (used_s, limit_s))
    return f"it used {used} (h:mm:ss) of {what}, its limit is {limit}"
