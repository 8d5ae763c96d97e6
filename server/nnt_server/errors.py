"""What can go wrong here, and what is answered when a request cannot be served.

ServerError
├── IllegalCommand   it makes no sense for a simulation in its state; the text is for the user
├── Refused          a change to an account that must not be; the text is for the user
├── TooManyAttempts  a password was guessed wrong too often; it says how long to wait
├── NoModel          no trained network was saved; the text is for the user
└── DeployerAway     the deployer does not answer, or not as it should

People are answered with pages, programs with the contract's error body.
"""

import math
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from nnt_contract.errors import ErrorBody


class ServerError(Exception):
    pass


class IllegalCommand(ServerError):
    pass


class Refused(ServerError):
    pass


class TooManyAttempts(ServerError):
    def __init__(self, wait: timedelta) -> None:
        self.wait_s = math.ceil(wait.total_seconds())
        minutes = math.ceil(self.wait_s / 60)
        about = f"{minutes} minutes" if minutes > 1 else f"{self.wait_s} seconds"
        super().__init__(f"Too many wrong passwords. Wait {about}, then try again.")


class NoModel(ServerError):
    pass


class DeployerAway(ServerError):
    pass


def error_response(status: int, body: ErrorBody) -> JsonResponse:
    return JsonResponse(body.model_dump(mode="json"), status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.accepts("text/html"):
        return defaults.page_not_found(request, exception)
    return error_response(
        404, ErrorBody(error="not_found", message="There is nothing here for you.")
    )
