"""What can go wrong here.

SimulationDeleted       what is to be stored belongs to nobody any more
Refused                 at the door
├── Unauthorized        401  no run token, or one that was not issued here
├── Gone                410  the simulation was deleted: its token has ended
├── Foreign             403  the update is for another simulation or attempt than the token
├── TooLarge            413
├── UnknownEncoding     415
└── Malformed           400
DatabaseAway            503  try again later
"""

from nnt_contract.errors import ErrorBody


class SimulationDeleted(Exception):
    pass


class Refused(Exception):
    """The sender is answered with `status` and `body`, and nothing was kept."""

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


class Gone(Refused):
    status = 410
    error = "gone"


class Foreign(Refused):
    status = 403
    error = "foreign"


class TooLarge(Refused):
    status = 413
    error = "too_large"


class UnknownEncoding(Refused):
    status = 415
    error = "unknown_encoding"


class Malformed(Refused):
    pass


class DatabaseAway(Refused):
    status = 503
    error = "database_away"
