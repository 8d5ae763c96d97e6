"""Read the environment, run, exit with a meaningful code."""

import logging
import signal
import sys
from threading import Event

from nnt_simulation.attempt import attempt
from nnt_simulation.settings import SimulationSettings, quiet_tensorflow


def main() -> int:
    settings = SimulationSettings()
    quiet_tensorflow()
    _log_to_stdout()
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return attempt(settings, stop)


def _log_to_stdout() -> None:
    """Standard output is the log that the owner of the simulation reads."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log = logging.getLogger("nnt_simulation")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


if __name__ == "__main__":
    sys.exit(main())
