"""The token in an Authorization header."""

from nnt_service.errors import Unauthorized


def bearer_token(authorization: str | None, kind: str) -> str:
    """The token of a header "Bearer <token>"; raises Unauthorized, naming the kind that is expected."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(f"expected the header Authorization: Bearer <{kind}>")
    return token.strip()
