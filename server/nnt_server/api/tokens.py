"""How a program gets in: name and password for a token."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from ninja.decorators import decorate_view
from ninja.errors import HttpError

from nnt_server.accounts.authentication import authenticate
from nnt_server.accounts.tokens import create_token
from nnt_server.api import errors
from nnt_server.api.application import may_answer
from nnt_server.api.schemas import Credentials, Token

_NAME = "made with POST /api/token"

router = Router(tags=["token"])


def _takes_json(view: Any) -> Any:
    def checked(request: HttpRequest, **arguments: Any) -> Any:
        if request.content_type != "application/json":
            return errors.answer(415, "The content type application/json was expected.")
        return view(request, **arguments)

    return checked


@router.post("/token", auth=None, response=may_answer({200: Token}, 400, 401, 413, 415, 422, 429))
@decorate_view(_takes_json)
@sensitive_variables("body")
def create_api_token(request: HttpRequest, body: Credentials, response: HttpResponse) -> Token:
    """A token for name and password. It is shown once; the page of the account lists and revokes tokens."""
    user = authenticate(request, body.username, body.password)
    if user is None:
        raise HttpError(401, "")
    response.headers["Cache-Control"] = "no-store"
    return Token(token=create_token(user, _NAME))
