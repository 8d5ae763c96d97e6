"""Read the environment, run, exit with a meaningful code; or inspect a model, where the arguments say so."""

import logging
import sys
from threading import Event

from nnt_simulation import stop_requests


def main() -> int:
    stop_requests.hold()
    _log_to_stdout()
    stop, at_once = Event(), stop_requests.AtOnce()
    stop_requests.hear(stop, at_once)
    # Only now what takes its time to be imported.
    from nnt_simulation.attempt import attempt
    from nnt_simulation.settings import SimulationSettings

    return attempt(SimulationSettings(), stop, at_once)


def _log_to_stdout() -> None:
    """Standard output is the log that the owner of the simulation reads."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log = logging.getLogger("nnt_simulation")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _inspect(arguments: list[str]) -> int:
    from nnt_simulation import inspection

    return inspection.main(arguments)


if __name__ == "__main__":
    sys.exit(_inspect(sys.argv[2:]) if sys.argv[1:2] == ["inspect"] else main())
