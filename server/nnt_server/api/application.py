"""The API itself: who is let in, how errors are said, how operations are described."""

from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.operation import Operation
from ninja.security import HttpBearer, SessionAuth

from nnt_contract.errors import ErrorBody
from nnt_server.accounts.models import User
from nnt_server.api import errors

_DESCRIPTION = (
    "What the pages do, for programs. Get a token with POST /api/token and send it as “Authorization: Bearer”. "
    "What is somebody else's is 404. NaN and infinities are the strings “NaN”, “Infinity” and “-Infinity”; "
    "null is what is absent. Every error has the same body."
)


class Bearer(HttpBearer):
    """A token; the middleware has looked up whose it is."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        return request.user if isinstance(request.user, User) else None


class Session(SessionAuth):
    """Somebody who is logged in with a browser; what changes something needs the form's token too."""


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        found: list[dict[str, Any]] = []
        for context in error_contexts:
            source = context.model.__ninja_param_source__ or "body"
            reverse = context.model.__ninja_flatten_map_reverse__
            for detail in context.pydantic_validation_error.errors(include_url=False):
                location = reverse.get(detail["loc"], detail["loc"])
                # The name of our own argument, in which a body arrives, tells its sender nothing.
                location = location[1:] if source == "body" else location
                complaint = errors.field_error(source, {**detail, "loc": location})
                found.append(complaint.model_dump())
        return ValidationError(found)


def user_of(request: HttpRequest) -> User:
    """Whom the API has let in."""
    user: User = request.user  # type: ignore[assignment]  # it is somebody: both ways in see to that
    return user


def may_answer(ok: dict[int, Any], *statuses: int) -> dict[int, Any]:
    """The answers of an operation: its own, and the errors that it may end with."""
    return ok | dict.fromkeys(statuses, ErrorBody)


def of_type(status: int, *media_types: str) -> dict[str, Any]:
    """Describes an answer that is no JSON."""
    content = {
        kind: {
            "schema": {"type": "string"} | ({} if kind.startswith("text") else {"format": "binary"})
        }
        for kind in media_types
    }
    return {"responses": {status: {"content": content}}}


api = Api(
    title="Neural Net Tracker",
    version="1.0.0",
    description=_DESCRIPTION,
    docs_url=None,
    urls_namespace="api",
    auth=[Bearer(), Session()],
)
errors.handle_in(api)
