"""Waiting for what happens outside of this process and tells nobody."""

import time
from collections.abc import Callable

_POLL_S = 0.02


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it held at the latest then."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
