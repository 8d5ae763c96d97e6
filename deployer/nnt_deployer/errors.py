"""What can go wrong here.

DeployerError
├── IllegalMove     a change of status that nnt_contract.status does not allow
├── LaunchFailed    a launcher could not start a process; its text is for the owner
└── Refused         a request that is answered with an error
    ├── Unauthorized  401
    ├── UnknownSimulation  404
    └── Malformed   400
"""

from nnt_contract.errors import ErrorBody


class DeployerError(Exception):
    pass


class IllegalMove(DeployerError):
    pass


class LaunchFailed(DeployerError):
    pass


class Refused(DeployerError):
    status = 400
    error = "malformed"

    def __init__(self, message: str | ErrorBody) -> None:
        self.body = (
            message
            if isinstance(message, ErrorBody)
            else ErrorBody(error=self.error, message=message)
        )
        super().__init__(self.body.message)


class Unauthorized(Refused):
    status = 401
    error = "unauthorized"


class UnknownSimulation(Refused):
    status = 404
    error = "unknown_simulation"


class Malformed(Refused):
    pass
