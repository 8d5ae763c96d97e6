"""The endpoints: doorbells for the server. What they speak of is in the database already."""

import hmac
from uuid import UUID

import kombu.exceptions
from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import ValidationError

from nnt_contract.errors import ErrorBody, contract_error
from nnt_contract.orders import LaunchOrder
from nnt_deployer import doorbell
from nnt_deployer.errors import Malformed, Refused, Unauthorized, UnknownSimulation
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Store

api = Blueprint("api", __name__)


@api.before_request
def check_service_token() -> None:
    if request.endpoint == "api.healthz":
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = _settings().service_token.get_secret_value()
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), expected.encode()):
        raise Unauthorized("expected the header Authorization: Bearer <service token>")


@api.post("/simulations")
def launch() -> tuple[Response, int]:
    try:
        order = LaunchOrder.model_validate_json(request.get_data())
    except ValidationError as error:
        raise Malformed(contract_error("the order", error).body) from error
    return _ring(order.conf.id)


@api.delete("/simulations/<uuid:sim_id>")
def delete(sim_id: UUID) -> tuple[Response, int]:
    return _ring(sim_id)


@api.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@api.app_errorhandler(Refused)
def refused(error: Refused) -> Response:
    return error_response(error.body, error.status)


def error_response(body: ErrorBody, status: int) -> Response:
    return Response(body.model_dump_json(), status, mimetype="application/json")


def _settings() -> DeployerSettings:
    settings: DeployerSettings = current_app.extensions["settings"]
    return settings


def _ring(sim_id: UUID) -> tuple[Response, int]:
    with Store(_settings().database_url.get_secret_value()) as store:
        if not store.exists(sim_id):
            raise UnknownSimulation(f"there is no simulation {sim_id}")
    try:
        doorbell.ring(current_app.extensions["celery"], sim_id)
    except (kombu.exceptions.OperationalError, ConnectionError, OSError) as error:
        current_app.logger.warning("Redis did not take the message about %s: %s", sim_id, error)
    return jsonify(id=str(sim_id)), 202
