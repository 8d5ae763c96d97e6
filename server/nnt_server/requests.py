"""What a request carries once it has passed the middleware."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from nnt_server.accounts.models import User


class Request(HttpRequest):
    """A request of somebody who is logged in."""

    user: User
    htmx: HtmxDetails
