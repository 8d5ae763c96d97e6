"""Limits on this process, set once at its start and never raised again."""

import ctypes
import os
import resource
import signal
from types import FrameType

from nnt_datasets.limits import MIB

_CPU_TO_TELL_S = 5
_ROOM_ON_DISK = 4
_NEW_NETWORK, _NEW_USERS = 0x40000000, 0x10000000  # as linux/sched.h says


class TooLong(Exception):
    """The time of the processor is used up."""


def confine(memory_mb: int, cpu_s: int, array_bytes: int) -> None:
    """Memory is what the process has for itself: arrays on disk, which it maps, do not count.

    At the end of its processor time TooLong is raised, and soon after that the process is killed. It has no network
    any more, where the system lets a process give it away: in a container, whoever makes that sees to it.
    """
    _leave_network()
    signal.signal(signal.SIGXCPU, _tell)
    limits = {
        resource.RLIMIT_DATA: (memory_mb * MIB,) * 2,
        resource.RLIMIT_CPU: (cpu_s, cpu_s + _CPU_TO_TELL_S),
        resource.RLIMIT_FSIZE: (_ROOM_ON_DISK * array_bytes,) * 2,
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, (soft, hard) in limits.items():
        resource.setrlimit(kind, (soft, hard))


def _leave_network() -> None:
    # Root may. Anybody else, with one thread, may as root of users of their own; root would lose its rights by that.
    users = 0 if os.geteuid() == 0 else _NEW_USERS
    ctypes.CDLL(None).unshare(_NEW_NETWORK | users)


def _tell(signal_number: int, frame: FrameType | None) -> None:
    raise TooLong
