"""The endpoints: doorbells for the server. What they speak of is in the database already."""

import hmac
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import ValidationError

from nnt_contract.errors import contract_error
from nnt_contract.orders import LaunchOrder
from nnt_deployer import doorbell
from nnt_deployer.errors import UnknownSimulation
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Store
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
    return _ring(order.conf.id)


@api.delete("/simulations/<uuid:sim_id>")
def delete(sim_id: UUID) -> tuple[Response, int]:
    return _ring(sim_id)


def _settings() -> DeployerSettings:
    settings: DeployerSettings = current_app.extensions["settings"]
    return settings


def _ring(sim_id: UUID) -> tuple[Response, int]:
    with Store(_settings().database_url.get_secret_value()) as store:
        if not store.exists(sim_id):
            raise UnknownSimulation(f"there is no simulation {sim_id}")
    try:
        doorbell.ring(current_app.extensions["celery"], sim_id)
    except REDIS_AWAY as error:
        current_app.logger.warning("Redis did not take the message about %s: %s", sim_id, error)
    return jsonify(id=str(sim_id)), 202
