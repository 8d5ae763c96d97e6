"""Who somebody is, by name and password. Repeated failures are slowed down, wherever the password is asked for."""

from datetime import timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils import timezone

from nnt_server.accounts.client_address import client_address
from nnt_server.accounts.models import User
from nnt_server.errors import TooManyAttempts

_NAME_CHARACTERS = 150


class SlowedDownBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]  # axes has no types
    """Name and password, unless they were wrong too often."""

    def authenticate(  # type: ignore[override]  # the stubs allow a request to be absent
        self, request: HttpRequest, username: str = "", password: str = "", **_: Any
    ) -> User | None:
        AxesStandaloneBackend.authenticate(self, request, username, password)
        user = ModelBackend.authenticate(self, request, username, password)
        return user if isinstance(user, User) else None


def authenticate(request: HttpRequest, username: str, password: str) -> User | None:
    """Whom name and password are of; None where they are nobody's. Raises TooManyAttempts.

    Failures are counted by name and place together: who guesses locks out themselves, not those whose password it is.
    """
    if len(username) > _NAME_CHARACTERS or "\0" in username + password:
        return None  # nobody's, and no text for the database
    attempt = _without_what_was_sent(request)
    user = auth.authenticate(attempt, username=username, password=password)
    if isinstance(user, User):
        AxesProxyHandler.reset_attempts(username=username, ip_address=client_address(request))
        return user
    if getattr(attempt, "axes_locked_out", False):
        raise TooManyAttempts(_wait(request, username))
    return None


def _without_what_was_sent(request: HttpRequest) -> HttpRequest:
    """The request as far as axes needs to know it: it would store forms, and with them passwords."""
    bare = HttpRequest()
    bare.method, bare.path = request.method, request.path
    bare.META = {
        key: request.META[key]
        for key in ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "PATH_INFO")
        if key in request.META
    }
    return bare


def _wait(request: HttpRequest, username: str) -> timedelta:
    """How long nothing more is tried."""
    attempts = AccessAttempt.objects.filter(username=username, ip_address=client_address(request))
    latest = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    now = timezone.now()
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    return max((latest or now) + cool_off - now, timedelta(seconds=1))
