"""Who sends: the run token in the Authorization header."""

from nnt_contract import tokens
from nnt_contract.tokens import RunToken
from nnt_parser.errors import Unauthorized


def run_token(secret: str, authorization: str | None) -> RunToken:
    """The simulation and attempt that the header speaks for; raises Unauthorized."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthorized("expected the header Authorization: Bearer <run token>")
    try:
        return tokens.check(secret, text.strip())
    except tokens.InvalidToken as error:
        raise Unauthorized(str(error)) from error
