"""What every request has to pass: being logged in, and not being too large; and one that passes nothing."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from nnt_contract.errors import ErrorBody
from nnt_server.errors import error_response

_STRANGERS_MB = 1  # enough to sign up and to log in
_BYTES_PER_MB = 10**6


class Healthz:
    """Answers whoever watches over the process, from inside: under no name of ours, and without TLS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        return self._get_response(request)


class LoginRequired(LoginRequiredMiddleware):
    """Sends people to the log-in page, also from a fragment or a script, which must not be given that page."""

    def handle_no_permission(  # type: ignore[override]  # the stubs know of redirects only
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        htmx = HtmxDetails(request)
        if htmx:
            return HttpResponseClientRedirect(
                redirect_to_login(htmx.current_url_abs_path or "").url
            )
        if not request.accepts("text/html"):
            return error_response(401, ErrorBody(error="not_logged_in", message="Log in first."))
        return super().handle_no_permission(request, view_func)


class LimitBody:
    """Refuses a body by its announced length, before anything of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        megabytes = int(request.META.get("CONTENT_LENGTH") or 0) / _BYTES_PER_MB
        if megabytes > _STRANGERS_MB and megabytes > _limit_mb(request):
            return _too_large(request)
        return self._get_response(request)


def _limit_mb(request: HttpRequest) -> int:
    return settings.NNT.max_upload_mb if request.user.is_authenticated else _STRANGERS_MB


def _too_large(request: HttpRequest) -> HttpResponse:
    return render(request, "413.html", {"limit_mb": _limit_mb(request)}, status=413)
