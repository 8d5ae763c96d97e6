"""Ports for the services that tests and benchmarks start."""

import random

from scripts.up.leftovers import is_free

# Below those that Linux gives to outgoing connections: no connection takes one while its service is away.
_CANDIDATES = range(20_000, 32_768)
_untried = random.SystemRandom().sample(_CANDIDATES, len(_CANDIDATES))


def free_port() -> int:
    """A port of this machine at which nobody listens; never the same one twice in a process.

    Raises IndexError when there is none left.
    """
    while not is_free("127.0.0.1", port := _untried.pop()):
        continue
    return port
