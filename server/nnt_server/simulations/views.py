"""The pages and fragments about simulations: each asks a selector or a service, and shows the answer."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from nnt_server.accounts.models import User
from nnt_server.requests import Request
from nnt_server.simulations import selectors, services
from nnt_server.simulations.charts import as_columns
from nnt_server.simulations.forms import NewSimulationForm

_PER_PAGE = 50
_TABLE_ROWS = 500

require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@vary_on_headers("HX-Request")
def simulation_list(request: Request) -> HttpResponse:
    pages = Paginator(selectors.newest_first(request.user), _PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    template = "_rows.html" if request.htmx else "list.html"
    context = {"page": page, "poll_seconds": selectors.poll_seconds(page)}
    return render(request, f"simulations/{template}", context)


@require_form
@vary_on_headers("HX-Request")
def new_simulation(request: Request) -> HttpResponse:
    form = NewSimulationForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        _create(request.user, form)
        return _to_list(request)
    template = "_errors.html" if request.htmx else "new.html"
    return render(
        request, f"simulations/{template}", {"form": form}, status=422 if form.is_bound else 200
    )


@require_safe
@vary_on_headers("HX-Request")
def simulation(request: Request, sim_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.with_details(request.user), id=sim_id)
    values = selectors.epoch_values(found)
    context = {
        "simulation": found,
        "poll_seconds": selectors.poll_seconds([found]),
        "latest_values": values[: -_TABLE_ROWS - 1 : -1],
        "epochs_collected": len(values),
    }
    template = "_update.html" if request.htmx else "detail.html"
    return render(request, f"simulations/{template}", context)


@require_safe
def epoch_values(request: Request, sim_id: UUID) -> JsonResponse:
    found = get_object_or_404(selectors.simulations_visible_to(request.user).only("id"), id=sim_id)
    return JsonResponse(as_columns(selectors.epoch_values(found)))


@require_form
@vary_on_headers("HX-Request")
def delete_simulation(request: Request, sim_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.newest_first(request.user), id=sim_id)
    size = filesizeformat(selectors.collected_bytes(found))
    if request.method == "POST":
        services.ask_to_delete(found)
        messages.success(request, f"“{found.name}” is being deleted, with {size} of weights.")
        return redirect("simulation_list")
    template = "_delete_question.html" if request.htmx else "delete.html"
    return render(request, f"simulations/{template}", {"simulation": found, "size": size})


def _create(owner: User, form: NewSimulationForm) -> None:
    services.create_experiment(
        owner=owner,
        name=form.cleaned_data["name"],
        model=form.cleaned_data["model"],
        configuration=form.cleaned_data["configuration"],
        files=form.files_by_part,
    )


def _to_list(request: Request) -> HttpResponse:
    page = reverse("simulation_list")
    return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
