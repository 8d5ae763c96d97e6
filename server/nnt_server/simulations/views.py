"""The pages and fragments about simulations: each asks a selector or a service, and shows the answer."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from nnt_contract.status import Command, Status
from nnt_server.accounts.models import User
from nnt_server.errors import IllegalCommand
from nnt_server.requests import Request, require_form
from nnt_server.simulations import confusion, records, selectors, services, words
from nnt_server.simulations.charts import as_columns
from nnt_server.simulations.configured_forms import ConfiguredSimulationForm
from nnt_server.simulations.forms import NewSimulationForm
from nnt_server.simulations.list_query import filters_in, query_of
from nnt_server.simulations.models import Experiment, Simulation

_PER_PAGE = 50
_TABLE_ROWS = 500
_EVENTS = 20
_EVENTS_PER_PAGE = 500


@require_safe
@vary_on_headers("HX-Request")
def simulation_list(request: Request) -> HttpResponse:
    template = "_rows.html" if request.htmx else "list.html"
    context = _list(request.user, request.GET)
    return render(request, f"simulations/{template}", context)


@require_form
@vary_on_headers("HX-Request")
def new_simulation(request: Request) -> HttpResponse:
    kind = ConfiguredSimulationForm if "config" in request.FILES else NewSimulationForm
    form = kind(request.POST or None, request.FILES or None)
    if form.is_valid():
        return _to_list(request, _create(request.user, form))
    template = "_errors.html" if request.htmx else "new.html"
    return render(
        request, f"simulations/{template}", {"form": form}, status=422 if form.is_bound else 200
    )


@require_safe
@vary_on_headers("HX-Request")
def simulation(request: Request, sim_id: UUID) -> HttpResponse:
    template = "_update.html" if request.htmx else "detail.html"
    return render(request, f"simulations/{template}", _details(request.user, sim_id))


@require_safe
def history(request: Request, sim_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.states(request.user), id=sim_id)
    page = Paginator(selectors.history(found), _EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "simulations/history.html", {"simulation": found, "page": page})


@require_safe
def epoch_values(request: Request, sim_id: UUID) -> JsonResponse:
    found = get_object_or_404(selectors.simulations_visible_to(request.user).only("id"), id=sim_id)
    return JsonResponse(as_columns(selectors.epoch_values(found)))


@require_form
def command(request: Request, sim_id: UUID, command: Command) -> HttpResponse:
    """A button. It is answered with the list or the page in which it stands."""
    found = get_object_or_404(selectors.states(request.user), id=sim_id)
    if request.method != "POST":  # who had to log in when they pressed it comes back so
        return redirect("simulation", sim_id)
    refusal = _ask(found, command, request.user)
    if request.htmx:
        return _refreshed(request, sim_id, refusal)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, words.acknowledgement(found.name, command))
    return redirect(_origin(request, sim_id))


@require_form
@vary_on_headers("HX-Request")
def delete_simulation(request: Request, sim_id: UUID) -> HttpResponse:
    found = get_object_or_404(selectors.newest_first(request.user), id=sim_id)
    size = filesizeformat(selectors.collected_bytes(found))
    if request.method == "POST":
        with suppress(Simulation.DoesNotExist):  # somebody else was faster
            services.ask_to_delete(found, request.user)
        messages.success(request, f"“{found.name}” is being deleted, with {size} of weights.")
        return redirect("simulation_list")
    template = "_delete_question.html" if request.htmx else "delete.html"
    return render(request, f"simulations/{template}", {"simulation": found, "size": size})


def _list(user: User, asked: Mapping[str, str]) -> dict[str, Any]:
    """One page of what is asked for, by an address or by a form."""
    filters = filters_in(asked)
    found = selectors.newest_first(user, filters)
    page = Paginator(found, _PER_PAGE).get_page(asked.get("page"))
    selectors.note_places(page)
    selectors.note_waits(page)
    return {
        "page": page,
        "poll_seconds": selectors.poll_seconds(page),
        "filters": filters,
        "query": query_of(filters),
        "experiment": selectors.experiment(user, filters),
        "statuses": [status.value for status in Status],
    }


def _details(user: User, sim_id: UUID) -> dict[str, Any]:
    found = get_object_or_404(selectors.with_details(user), id=sim_id)
    selectors.note_places([found])
    selectors.note_waits([found])
    values = selectors.epoch_values(found)
    latest = values[: -_TABLE_ROWS - 1 : -1]
    took = records.took(found, [row.epoch for row in latest])
    recorded = records.recorded(found)
    class_names = found.class_names if recorded.evaluation else {}
    events = list(selectors.history(found)[: _EVENTS + 1])
    return {
        "simulation": found,
        "poll_seconds": selectors.poll_seconds([found]),
        "latest_values": [(row, took.get(row.epoch)) for row in latest],
        "epochs_collected": len(values),
        "pace": records.pace(found, took),
        "recorded": recorded,
        "confusion": confusion.shaded(recorded.evaluation, class_names),
        "class_scores": confusion.scores(recorded.evaluation, class_names),
        "events": events[:_EVENTS],
        "has_more_events": len(events) > _EVENTS,
    }


def _ask(simulation: Simulation, command: Command, actor: User) -> str:
    """Why it is refused; empty if it is not."""
    try:
        services.command(simulation, command, actor)
    except IllegalCommand as error:
        return str(error)
    except Simulation.DoesNotExist as error:
        raise Http404("it was deleted meanwhile") from error
    return ""


def _refreshed(request: Request, sim_id: UUID, refusal: str) -> HttpResponse:
    if "page" in request.POST:
        fragment, context = "_rows.html", _list(request.user, request.POST)
    else:
        fragment, context = "_update.html", _details(request.user, sim_id)
    context |= {"fragment": f"simulations/{fragment}", "refusal": refusal}
    answer = render(request, "simulations/_answer.html", context, status=409 if refusal else 200)
    return trigger_client_event(answer, "asked")


def _origin(request: Request, sim_id: UUID) -> str:
    if "page" not in request.POST:
        return reverse("simulation", args=[sim_id])
    query = urlencode({"page": request.POST["page"]}) + query_of(filters_in(request.POST))
    return f"{reverse('simulation_list')}?{query}"


def _create(owner: User, form: NewSimulationForm) -> Experiment:
    return services.create_experiment(
        owner=owner,
        name=form.cleaned_data["name"],
        model=form.cleaned_data["model"],
        cells=form.cleaned_data["cells"],
        files=form.files_by_part,
        urls=form.urls_by_part,
        tags=form.cleaned_data["tags"],
        seed=form.seed,
    )


def _to_list(request: Request, made: Experiment) -> HttpResponse:
    """To what was created, and nothing else where that is several."""
    page = reverse("simulation_list")
    if made.simulation_set.count() > 1:
        page += f"?experiment={made.id}"
    return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
