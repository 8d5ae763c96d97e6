"""How a request is refused.

Refused                 answered with its status and body; nothing was kept or done
├── Malformed           400
├── Unauthorized        401
└── DatabaseAway        503  try again later
"""

from nnt_contract.errors import ErrorBody


class Refused(Exception):
    status = 400
    error = "refused"

    def __init__(self, message: str | ErrorBody) -> None:
        self.body = (
            message
            if isinstance(message, ErrorBody)
            else ErrorBody(error=self.error, message=message)
        )
        super().__init__(self.body.message)


class Malformed(Refused):
    error = "malformed"


class Unauthorized(Refused):
    status = 401
    error = "unauthorized"


class DatabaseAway(Refused):
    status = 503
    error = "database_away"
