"""What a simulation printed: followed in its page, on a page of its own, and whole as a file."""

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from nnt_server import deployer_client
from nnt_server.errors import DeployerAway
from nnt_server.requests import Request
from nnt_server.simulations import selectors

_TAIL_LINES = 500
_BROKEN_OFF = "\n[The deployer stopped answering here. The rest is missing.]\n"


@require_safe
@vary_on_headers("HX-Request")
def log(request: Request, sim_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.states(request.user), id=sim_id)
    after = request.GET.get("after", "")
    context = {"simulation": found, "after": after}
    try:
        part = deployer_client.read_log(found.id, after, None if after else _TAIL_LINES)
        context |= {"part": part, "after": part.after}
    except DeployerAway:
        pass  # the page says so, and asks again
    template = "_log_more.html" if request.htmx else "log.html"
    return render(request, f"simulations/{template}", context)


@require_safe
def whole_log(request: Request, sim_id: UUID) -> HttpResponseBase:
    found = get_object_or_404(selectors.states(request.user), id=sim_id)
    parts = deployer_client.read_whole_log(found.id)
    try:
        first = next(parts)
    except DeployerAway:
        return render(request, "503.html", status=503)
    return StreamingHttpResponse(
        to_the_end(first, parts),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="simulation-{found.id}.log"'},
    )


def to_the_end(first: str, parts: Iterator[str]) -> Iterator[str]:
    """All of it, or what there is of it and a word that the rest is missing."""
    yield first
    try:
        yield from parts
    except DeployerAway:
        yield _BROKEN_OFF
