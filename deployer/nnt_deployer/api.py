"""The endpoints: doorbells for the server, of what is in the database already, and what simulations left in files."""

import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from celery import Celery
from flask import Blueprint, Response, current_app, jsonify, request, send_file
from pydantic import ValidationError

from nnt_contract.errors import contract_error
from nnt_contract.orders import LaunchOrder
from nnt_deployer import doorbell
from nnt_deployer.errors import NoModel, UnknownSimulation
from nnt_deployer.launchers import launcher_from
from nnt_deployer.logs import SimulationLog
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store
from nnt_deployer.trained_model import open_model
from nnt_service.away import REDIS_AWAY
from nnt_service.bearer import bearer_token
from nnt_service.errors import Malformed, Unauthorized

api = Blueprint("api", __name__)


@api.before_request
def check_service_token() -> None:
    token = bearer_token(request.headers.get("Authorization"), "service token")
    expected = _settings().service_token.get_secret_value()
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise Unauthorized("this is not the service token")


@api.post("/simulations")
def launch() -> tuple[Response, int]:
    try:
        order = LaunchOrder.model_validate_json(request.get_data())
    except ValidationError as error:
        raise Malformed(contract_error("the order", error).body) from error
    return _ring(order.conf.id, is_new=True)


@api.post("/model_inspections/<inspection_id>")
def inspect_model(inspection_id: str) -> tuple[Response, int]:
    """Has the model looked at now, unless it was; that it is to be inspected was written by the server."""
    with open_store(_settings()) as store:
        is_open = store.model_inspections.open(inspection_id) is not None
    if is_open:
        with _redis_may_be_away(inspection_id):
            doorbell.ring(_celery(), inspection_id, doorbell.INSPECT_MODEL)
    return jsonify(id=inspection_id), 202


@api.delete("/simulations/<uuid:sim_id>")
def delete(sim_id: UUID) -> tuple[Response, int]:
    return _ring(sim_id)


@api.post("/simulations/<uuid:sim_id>/<any(START, STOP, PAUSE):command>")
def command(sim_id: UUID, command: str) -> tuple[Response, int]:
    """Has the simulation looked at now; what is wanted of it was written by the server."""
    return _ring(sim_id)


@api.get("/simulations/<uuid:sim_id>/log")
def log(sim_id: UUID) -> Response:
    """What it printed: after the cursor of an earlier answer, or the last lines."""
    with open_store(_settings()) as store:
        row = store.row(sim_id)
    if row is None:
        raise UnknownSimulation(f"there is no simulation {sim_id}")
    printed = SimulationLog(launcher_from(_settings()), sim_id, row.handle.attempt)
    lines = request.args.get("tail")
    if lines is None:
        part = printed.after(request.args.get("after", ""))
    elif lines.isdecimal():
        part = printed.tail(int(lines))
    else:
        raise Malformed(f"tail is {lines[:50]!r}, expected a number of lines")
    return Response(part.model_dump_json(), mimetype="application/json")


@api.get("/simulations/<uuid:sim_id>/model")
def model(sim_id: UUID) -> Response:
    """The trained network, as Keras saves one."""
    with open_store(_settings()) as store:
        if not store.exists(sim_id):
            raise UnknownSimulation(f"there is no simulation {sim_id}")
    file = open_model(_settings().runs_dir / str(sim_id))
    if file is None:
        raise NoModel("it has saved no trained model: that is done after the last epoch")
    answer = send_file(file, "application/octet-stream")
    answer.content_length = os.fstat(file.fileno()).st_size
    return answer


@api.get("/simulations_statistics")
def statistics() -> Response:
    """The last look at the machine and at every simulation that has a process."""
    with open_store(_settings()) as store:
        return jsonify(
            system_information=store.usage.machines(),
            docker_containers_info=store.usage.simulations(),
        )


def _settings() -> DeployerSettings:
    settings: DeployerSettings = current_app.extensions["settings"]
    return settings


def _celery() -> Celery:
    celery: Celery = current_app.extensions["celery"]
    return celery


def _ring(sim_id: UUID, is_new: bool = False) -> tuple[Response, int]:
    celery = _celery()
    with open_store(_settings()) as store:
        if not store.exists(sim_id):
            raise UnknownSimulation(f"there is no simulation {sim_id}")
        data = store.data_inspections.due_for(sim_id) if is_new else []
        models = store.model_inspections.due_for(sim_id) if is_new else []
    with _redis_may_be_away(sim_id):
        for inspection_id in models:
            doorbell.ring(celery, inspection_id, doorbell.INSPECT_MODEL)
        doorbell.ring_data_worker(celery, doorbell.of_data(data))
        doorbell.ring(celery, sim_id)
    return jsonify(id=str(sim_id)), 202


@contextmanager
def _redis_may_be_away(key: UUID | str) -> Iterator[None]:
    """Then the loop sees it."""
    try:
        yield
    except REDIS_AWAY as error:
        current_app.logger.warning("Redis did not take the message about %s: %s", key, error)
