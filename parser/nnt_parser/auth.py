"""Who sends: the run token in the Authorization header."""

from nnt_contract import tokens
from nnt_contract.tokens import RunToken
from nnt_service.bearer import bearer_token
from nnt_service.errors import Unauthorized


def run_token(secret: str, authorization: str | None) -> RunToken:
    """The simulation and attempt that the header speaks for; raises Unauthorized."""
    try:
        return tokens.check(secret, bearer_token(authorization, "run token"))
    except tokens.InvalidToken as error:
        raise Unauthorized(str(error)) from error
