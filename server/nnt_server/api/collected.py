"""What was collected of a simulation: values, weights, what it printed, and all of it as one file."""

import json
import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.errors import HttpError
from pydantic import Field, StringConstraints

from nnt_contract.log_part import LogPart
from nnt_server import deployer_client
from nnt_server.api import schemas, streams
from nnt_server.api.application import may_answer, of_type, user_of
from nnt_server.api.schemas import Epoch, EpochValues, ExtraMetric, RecordKind, text
from nnt_server.api.simulations import named
from nnt_server.simulations import collected, export, selectors
from nnt_server.simulations.collected import Variable
from nnt_server.simulations.log_views import to_the_end

_JSON = "application/json"
_BYTES = "application/octet-stream"
_TEXT = "text/plain"
_FLOAT32_BYTES = 4
_AT = "/simulations/{uuid:sim_id}"

_Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}\.[0-9]{1,18}$")]
_Lines = Annotated[int, Field(ge=1, le=10_000)]

router = Router(tags=["what was collected"])


@router.get(f"{_AT}/epochs", response=may_answer({200: list[EpochValues]}, 401, 404))
def list_epochs(request: HttpRequest, sim_id: UUID) -> HttpResponseBase:
    """Loss and accuracy of every collected epoch, in the order of epochs."""
    rows = collected.epoch_values(named(request, sim_id).id)
    return _streamed(streams.json_rows(collected.EPOCH_VALUES, rows))


@router.get(f"{_AT}/metrics", response=may_answer({200: list[ExtraMetric]}, 401, 404))
def list_metrics(request: HttpRequest, sim_id: UUID) -> HttpResponseBase:
    """The extra metrics of every collected epoch; those of the validation data begin with val_."""
    rows = collected.extra_metrics(named(request, sim_id).id)
    return _streamed(streams.json_rows(collected.EXTRA_METRICS, rows))


@router.get(
    f"{_AT}/statistics", response=may_answer({200: list[schemas.WeightStatistics]}, 401, 404)
)
def list_statistics(request: HttpRequest, sim_id: UUID) -> HttpResponseBase:
    """What was computed of each variable of the weights. Non-finite values are counted and left out of the rest."""
    rows = collected.weight_statistics(named(request, sim_id).id)
    return _streamed(streams.json_rows(collected.WEIGHT_STATISTICS, rows))


@router.get(f"{_AT}/records", response=may_answer({200: list[schemas.Record]}, 401, 404, 422))
def list_records(
    request: HttpRequest,
    sim_id: UUID,
    kind: Annotated[RecordKind | None, Query(description="only these")] = None,
) -> HttpResponseBase:
    """What it ran on, what each epoch took, its evaluation on the test data, and the file of its trained network."""
    rows = collected.records(named(request, sim_id).id, kind)
    return _streamed(streams.json_rows(collected.RECORDS, rows))


@router.get(
    f"{_AT}/model",
    response=may_answer({200: None}, 401, 404, 503),
    openapi_extra=of_type(200, _BYTES),
)
def get_model(request: HttpRequest, sim_id: UUID) -> HttpResponseBase:
    """The trained network, as a file for keras.saving.load_model; 404 until its training has finished."""
    trained = deployer_client.TrainedModel(named(request, sim_id).id)
    answer = _streamed(trained, _BYTES)
    answer.headers["Content-Length"] = str(trained.bytes)
    answer.headers["Content-Disposition"] = f'attachment; filename="simulation-{sim_id}.keras"'
    return answer


@router.get(
    f"{_AT}/weights",
    response=may_answer({200: schemas.Weights}, 401, 404, 422),
    openapi_extra=of_type(200, _BYTES),
)
def get_weights(
    request: HttpRequest,
    sim_id: UUID,
    layer: Annotated[str, text("its name, or its position in model.layers", 1)],
    variable: Annotated[str, text("as /statistics names it: kernel, bias, …", 1)],
    epoch: Epoch,
) -> HttpResponseBase:
    """One variable of the weights at one epoch; “Accept: application/octet-stream” has it as a file for numpy.load."""
    found = _variable(named(request, sim_id).id, epoch, layer, variable)
    values = collected.values(sim_id, epoch, found)
    if request.get_preferred_type([_JSON, _BYTES]) == _BYTES:
        header = streams.npy_header(found.shape)
        answer = _streamed(streams.npy(values, found.shape), _BYTES)
        length = len(header) + _FLOAT32_BYTES * math.prod(found.shape)
        answer.headers["Content-Length"] = str(length)
        answer.headers["Content-Disposition"] = 'attachment; filename="weights.npy"'
    else:
        answer = _streamed(_weights(epoch, found, streams.json_array(values, found.shape)))
    answer.headers["Vary"] = "Accept"
    return answer


@router.get(
    f"{_AT}/log",
    response=may_answer({200: LogPart}, 401, 404, 422, 503),
    openapi_extra=of_type(200, _TEXT),
)
def get_log(
    request: HttpRequest,
    sim_id: UUID,
    tail: Annotated[_Lines | None, Query(description="only the last lines")] = None,
    after: Annotated[_Cursor | None, Query(description="only what follows this cursor")] = None,
) -> HttpResponseBase:
    """What it printed: as text, or with “Accept: application/json” a part at a time with a cursor.

    As text the whole of it comes, or with tail or after a part, with the cursor in the header Log-After.
    """
    found = named(request, sim_id)
    is_text = request.get_preferred_type([_TEXT, _JSON]) != _JSON
    if is_text and tail is None and after is None:
        parts = deployer_client.read_whole_log(found.id)
        first = next(parts)
        return _streamed(
            (text.encode() for text in to_the_end(first, parts)), f"{_TEXT}; charset=utf-8"
        )
    part = deployer_client.read_log(found.id, after or "", None if after else tail)
    if is_text:
        answer = HttpResponse(part.text, content_type=f"{_TEXT}; charset=utf-8")
        answer.headers["Log-After"] = part.after
        answer.headers["Log-More"] = str(part.more).lower()
    else:
        answer = HttpResponse(part.model_dump_json(), content_type=_JSON)
    answer.headers["Vary"] = "Accept"
    return answer


@router.get(
    f"{_AT}/export",
    response=may_answer({200: None}, 401, 404),
    openapi_extra=of_type(200, "application/zip"),
)
def export_simulation(request: HttpRequest, sim_id: UUID) -> HttpResponseBase:
    """Everything about it in one zip file: JSON about the simulation, CSV of what was collected, and the log."""
    found = get_object_or_404(selectors.with_details(user_of(request)), id=sim_id)
    answer = _streamed(export.zip_of(found), "application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="simulation-{sim_id}.zip"'
    return answer


def _variable(sim_id: UUID, epoch: int, layer: str, variable: str) -> Variable:
    for found in collected.variables(sim_id, epoch):
        if layer in (found.layer_name, str(found.layer_index)) and variable == found.name:
            return found
    raise HttpError(
        404,
        f"No weights of “{variable}” in the layer “{layer}” were collected at epoch {epoch}; "
        "/statistics names those that were.",
    )


def _weights(epoch: int, variable: Variable, values: Iterator[bytes]) -> Iterator[bytes]:
    about = {
        "epoch": epoch,
        "layer_index": variable.layer_index,
        "layer_name": variable.layer_name,
        "variable": variable.name,
        "shape": variable.shape,
    }
    start = json.dumps(about, ensure_ascii=False).removesuffix("}") + ', "values": '
    return chain([start.encode()], values, [b"}"])


def _streamed(pieces: Iterable[bytes], content_type: str = _JSON) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces, content_type=content_type)
