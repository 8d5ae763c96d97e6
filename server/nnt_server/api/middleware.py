"""What a request of a program passes before it reaches the API, and its answer on the way back."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from nnt_server.accounts.tokens import user_of_token
from nnt_server.api import errors

PREFIX = "/api/"
_SCHEME = "bearer"
_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


class ErrorBodies:
    """Whoever refused a request to the API, it is said in the one form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not request.path_info.startswith(PREFIX) or response.status_code < 400:
            return response
        if response.headers.get("Content-Type") == "application/json":
            return response
        answer = errors.answer(response.status_code)
        for name in _KEPT_HEADERS:
            if name in response.headers:
                answer.headers[name] = response.headers[name]
        response.close()
        return answer


class BearerUser:
    """Who sends a token is its user, and nobody else, whatever cookies come with it.

    It is found out here, and not by the API, because the limit of a body depends on it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if request.path_info.startswith(PREFIX) and scheme.lower() == _SCHEME:
            request.user = user_of_token(secret.strip()) or AnonymousUser()
        return self._get_response(request)
