"""What can go wrong here.

DeployerError
├── FetchFailed       a dataset could not be fetched; its text is for the owner
├── IllegalMove       a change of status that nnt_contract.status does not allow
├── InspectionFailed  data or a model cannot be trained, or could not be inspected; its text is for the owner
├── LaunchFailed      a launcher could not start a process; its text is for the owner
└── NotReady          what a launcher needs is away: no process's failure, to be tried again; its text is for the owner
Refused             a request is answered with an error (nnt_service.errors), besides what every service refuses:
├── NoModel            404
└── UnknownSimulation  404
"""

from nnt_service.errors import Refused


class DeployerError(Exception):
    pass


def in_words(error: Exception) -> str:
    """What the owner of a simulation is told of trouble that is the platform's own."""
    if isinstance(error, DeployerError):
        return str(error)
    # Of a full disk, say, the system's own words are clear; of anything else the text is for developers.
    return getattr(error, "strerror", None) or type(error).__name__


class FetchFailed(DeployerError):
    pass


class IllegalMove(DeployerError):
    pass


class InspectionFailed(DeployerError):
    pass


class LaunchFailed(DeployerError):
    pass


class NotReady(DeployerError):
    pass


class NoModel(Refused):
    status = 404
    error = "no_model"


class UnknownSimulation(Refused):
    status = 404
    error = "unknown_simulation"
