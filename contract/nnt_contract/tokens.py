"""Run tokens: what a training process shows to the parser. They name one simulation and one attempt at it."""

import base64
import hashlib
import hmac
from typing import NamedTuple
from uuid import UUID

_PREFIX = "nnt1"


class RunToken(NamedTuple):
    sim_id: UUID
    attempt: int


class InvalidToken(ValueError):
    """Not a token that this secret signed."""


def mint(secret: str, token: RunToken) -> str:
    """The token as text, signed. It does not expire: it ends when its simulation is deleted."""
    payload = f"{_PREFIX}.{token.sim_id.hex}.{token.attempt}"
    return f"{payload}.{_signature(secret, payload)}"


def check(secret: str, text: str) -> RunToken:
    """The simulation and attempt that `text` was minted for; raises InvalidToken."""
    payload, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, payload).encode()):
        raise InvalidToken("the run token was not issued here")
    _, sim_id, attempt = payload.split(".")
    return RunToken(UUID(hex=sim_id), int(attempt))


def _signature(secret: str, payload: str) -> str:
    digest = hmac.digest(secret.encode(), payload.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
