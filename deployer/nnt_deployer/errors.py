"""What can go wrong here.

DeployerError
├── IllegalMove     a change of status that nnt_contract.status does not allow
└── LaunchFailed    a launcher could not start a process; its text is for the owner
Refused             a request is answered with an error (nnt_service.errors), besides what every service refuses:
└── UnknownSimulation  404
"""

from nnt_service.errors import Refused


class DeployerError(Exception):
    pass


class IllegalMove(DeployerError):
    pass


class LaunchFailed(DeployerError):
    pass


class UnknownSimulation(Refused):
    status = 404
    error = "unknown_simulation"
