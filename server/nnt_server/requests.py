"""What a request carries once it has passed the middleware, and which requests a view takes."""

from django.http import Http404, HttpRequest
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from nnt_server.accounts.models import User

require_form = require_http_methods(["GET", "HEAD", "POST"])


class Request(HttpRequest):
    """A request of somebody who is logged in."""

    user: User
    htmx: HtmxDetails


def require_administrator(request: Request) -> None:
    """For everybody else there is nothing here: raises Http404."""
    if not request.user.is_staff:
        raise Http404("for administrators")
