"""What the API answers when it cannot do what it is asked: always the contract's error body."""

import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from nnt_contract.errors import ErrorBody, FieldError
from nnt_server.errors import (
    DeployerAway,
    IllegalCommand,
    NoModel,
    TooManyAttempts,
    error_response,
)
from nnt_server.simulations.models import Simulation

# For each status a word for programs and a sentence for people, where there is no better one.
_SAID: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read."),
    401: ("not_logged_in", "Send “Authorization: Bearer” with a token from POST /api/token."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here for you."),
    405: (
        "method_not_allowed",
        "There is no such method here; the header Allow names those there are.",
    ),
    409: ("illegal_command", "That makes no sense now."),
    413: ("too_large", "The request is larger than what is taken here."),
    415: ("unsupported_media_type", "The content is of a type that is not taken here."),
    422: ("invalid", "Some values are not valid."),
    429: ("too_many_attempts", "Wait, then try again."),
    500: ("internal", "Something broke here. It was noted."),
    503: ("away", "A part of the platform does not answer right now. Try again later."),
}
_RECEIVED_MAX_CHARACTERS = 200

# Where pydantic says less than the description of the API does.
_EXPECTED = {
    "extra_forbidden": "no such key",
    "string_pattern_mismatch": "text of the form that /api/docs tells, without NUL characters",
}


class Invalid(Exception):
    """Values that are not what was expected: all of them at once."""

    def __init__(self, fields: Iterable[FieldError]) -> None:
        self.fields = tuple(fields)
        super().__init__(", ".join(field.field for field in self.fields))


def answer(status: int, message: str = "", fields: Iterable[FieldError] = ()) -> HttpResponse:
    fallback = (HTTPStatus(status).phrase.lower().replace(" ", "_"), HTTPStatus(status).phrase)
    word, sentence = _SAID.get(status, fallback)
    body = ErrorBody(error=word, message=message or sentence, fields=tuple(fields))
    response = error_response(status, body)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def field_error(source: str, detail: Mapping[str, Any]) -> FieldError:
    """What pydantic found in one value. What came in a body is not repeated: it may be a password."""
    path = ".".join(map(str, detail["loc"])) or source
    if detail["type"] == "missing":
        return FieldError(field=path, expected="it must be there")
    received = repr(detail["input"])[:_RECEIVED_MAX_CHARACTERS] if source != "body" else None
    expected = _EXPECTED.get(detail["type"], detail["msg"])
    return FieldError(field=path, expected=expected, received=received)


def handle_in(api: NinjaAPI) -> None:
    """Has the API answer every error that it knows in our form; any other is a 500 and logged."""
    api.add_exception_handler(Invalid, _invalid)
    api.add_exception_handler(ValidationError, _wrong_parameters)
    api.add_exception_handler(HttpError, _with_status)
    api.add_exception_handler(TooManyAttempts, _wait)
    known: Mapping[type[Exception], int] = {
        Http404: 404,
        Simulation.DoesNotExist: 404,  # it was deleted meanwhile
        NoModel: 404,
        IllegalCommand: 409,
        PermissionDenied: 403,
        RequestDataTooBig: 413,
    }
    for kind, status in known.items():
        api.add_exception_handler(kind, _always(status, says_why=kind in (IllegalCommand, NoModel)))
    api.add_exception_handler(DeployerAway, _deployer_away)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    names = ", ".join(dict.fromkeys(field.field for field in error.fields))
    return answer(422, f"Not valid: {names}.", error.fields)


def _wrong_parameters(request: HttpRequest, error: Any) -> HttpResponse:
    return _invalid(request, Invalid(FieldError(**one) for one in error.errors))


def _with_status(request: HttpRequest, error: Any) -> HttpResponse:
    is_ours = error.status_code not in (400, 401)  # ninja's own sentences say less
    return answer(error.status_code, error.message if is_ours else "")


def _wait(request: HttpRequest, error: Any) -> HttpResponse:
    response = answer(429, str(error))
    response.headers["Retry-After"] = str(math.ceil(error.wait_s))
    return response


def _deployer_away(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(503, "The deployer, which keeps logs and models, does not answer right now.")


def _always(status: int, *, says_why: bool) -> Any:
    def handler(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(status, str(error) if says_why else "")

    return handler
