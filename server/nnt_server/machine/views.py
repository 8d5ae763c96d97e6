"""The page about the machine, which is for administrators only."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from nnt_server.machine import selectors
from nnt_server.requests import Request, require_administrator
from nnt_server.simulations.selectors import with_process


@require_safe
@vary_on_headers("HX-Request")
def machine(request: Request) -> HttpResponse:
    require_administrator(request)
    template = "_machine.html" if request.htmx else "machine.html"
    context = {"hosts": selectors.hosts(), "simulations": with_process(request.user)}
    return render(request, f"machine/{template}", context)
