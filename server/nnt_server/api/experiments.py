"""Creating simulations: a model, a configuration file and datasets, each a part of one request."""

import difflib
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja import Router, Status
from ninja.errors import HttpError

from nnt_contract.errors import FieldError
from nnt_server.api.application import may_answer, user_of
from nnt_server.api.errors import Invalid
from nnt_server.api.schemas import Created, ExperimentCreated
from nnt_server.simulations import services
from nnt_server.simulations.configured_forms import Complaint, ExperimentParts

_TYPE = "multipart/form-data"
_PARTS = {
    "model": "what Keras' model.to_json() returns",
    "config": "the configuration file",
    "train": "the training data in any format, unless the configuration file has its URL as dataset_train",
    "val": "the validation data in any format, unless the configuration file has its URL as dataset_val",
    "test": "the test data in any format, unless the configuration file has its URL as dataset_test",
}
_REQUIRED = ["model", "config"]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {
                        part: {"type": "string", "format": "binary", "description": what}
                        for part, what in _PARTS.items()
                    },
                    "required": _REQUIRED,
                    "additionalProperties": False,
                }
            }
        },
    }
}

router = Router(tags=["experiments"])


@router.post(
    "/experiments",
    response=may_answer({201: ExperimentCreated}, 400, 401, 403, 413, 415, 422),
    openapi_extra=_BODY,
)
def create_experiment(request: HttpRequest) -> Status[ExperimentCreated]:
    """Creates the simulations of one experiment and queues them.

    There is one for each combination of optimizer, loss function, learning rate and fold, named after it where there
    are several: `digits (O1) (LF2) (LR1) (3)`. All have the same seed, so that folds are of the same split.

    The configuration file is JSON; every key of it that is missing, misspelt or wrong is named in one answer. Each
    dataset is a part of the request, or is fetched from a URL in the configuration file before its simulations start.
    """
    if request.content_type != _TYPE:
        raise HttpError(415, f"The content type {_TYPE} was expected.")
    parts = ExperimentParts({}, _parts(request))
    if complaints := [*_strange(request), *_complaints(parts)]:
        raise Invalid(complaints)
    said = parts.cleaned_data["config"]
    experiment = services.create_experiment(
        owner=user_of(request),
        name=said.name,
        model=parts.cleaned_data["model"],
        cells=said.cells,
        files=parts.files_by_part,
        urls=parts.urls_by_part,
        tags=said.tags,
        seed=said.seed,
    )
    made = experiment.simulation_set.order_by("created_at", "id").values("id", "name")
    simulations = [Created(**simulation) for simulation in made]
    return Status(201, ExperimentCreated(id=experiment.id, simulations=simulations))


def _parts(request: HttpRequest) -> "MultiValueDict[str, UploadedFile[bytes]]":
    """The files; what is JSON may come as text too."""
    parts: MultiValueDict[str, UploadedFile[bytes]] = request.FILES.copy()
    for name in ("model", "config"):
        if name in request.POST:
            parts[name] = SimpleUploadedFile(name, request.POST[name].encode(errors="replace"))
    return parts


def _strange(request: HttpRequest) -> Iterator[FieldError]:
    for name in sorted({*request.FILES, *request.POST} - {"csrfmiddlewaretoken"}):
        if name in request.POST and name in ("train", "val", "test"):
            yield FieldError(field=name, expected="a file, not text")
        elif name not in _PARTS:
            near = difflib.get_close_matches(str(name), _PARTS, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_PARTS)}"
            yield FieldError(field=str(name)[:200], expected=f"no such part: {hint}")


def _complaints(parts: ExperimentParts) -> Iterator[FieldError]:
    for name, found in parts.errors.as_data().items():
        for error in found:
            if isinstance(error, Complaint):
                yield error.complaint
            elif error.code == "required":
                yield FieldError(field=name, expected=f"a part with {_PARTS[name]}")
            else:
                yield FieldError(field=name, expected=" ".join(error.messages))
