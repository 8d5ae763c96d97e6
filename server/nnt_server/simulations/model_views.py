"""Models that are looked at before anything is created: chosen in the form, inspected, and shown there."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from nnt_server.requests import Request
from nnt_server.simulations import model_inspections
from nnt_server.simulations.fields import Backend, ModelFile
from nnt_server.simulations.models import ModelInspection

_TEMPLATE = "simulations/_inspected_model.html"


class ChosenModel(forms.Form):
    model = ModelFile()
    backend = Backend()


@require_POST
def inspect_model(request: Request) -> HttpResponse:
    """What is wrong with a model, or its inspection, which the answer asks for again until it has ended."""
    if "model" not in request.FILES:  # the choice was taken back
        return HttpResponse()
    form = ChosenModel(request.POST, request.FILES)
    if not form.is_valid():
        problems = [text for texts in form.errors.values() for text in texts]
        return render(
            request, "simulations/_refused_model.html", {"problems": problems}, status=422
        )
    chosen = form.cleaned_data
    inspection = model_inspections.look_at(chosen["model"], chosen["backend"])
    return render(request, _TEMPLATE, _shown(request, inspection))


@require_safe
def inspected_model(request: Request, key: str) -> HttpResponse:
    inspection = model_inspections.find(request.user, key)
    if inspection is None:
        raise Http404("there is no such inspection")
    return render(request, _TEMPLATE, _shown(request, inspection))


def _shown(request: Request, inspection: ModelInspection) -> dict[str, Any]:
    return {"inspection": inspection, "key": model_inspections.key_for(request.user, inspection)}
