"""The endpoints: /update, /finish, /send_error, /healthz."""

import psycopg2
from flask import Blueprint, Response, current_app, jsonify, request

from nnt_contract.errors import ErrorBody
from nnt_parser import auth
from nnt_parser.door import Door
from nnt_parser.errors import DatabaseAway, Gone, Refused

api = Blueprint("api", __name__)


@api.post("/<any(update, finish, send_error):kind>")
def receive(kind: str) -> tuple[Response, int]:
    """Keeps an update durably, then answers 202; storing it follows."""
    door: Door = current_app.extensions["door"]
    token = auth.run_token(door.token_secret, request.headers.get("Authorization"))
    if not door.admits(token.sim_id):
        raise Gone(f"simulation {token.sim_id} was deleted")
    name = door.intake.take(kind, token, request.mimetype, request.stream)
    door.announce(name)
    return jsonify(accepted=name), 202


@api.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@api.app_errorhandler(Refused)
def refused(error: Refused) -> Response:
    return error_response(error.body, error.status)


@api.app_errorhandler(psycopg2.OperationalError)
def database_away(error: psycopg2.OperationalError) -> Response:
    current_app.logger.warning("the database does not answer: %s", str(error).strip())
    away = DatabaseAway("the database does not answer; try again")
    return error_response(away.body, away.status)


def error_response(body: ErrorBody, status: int) -> Response:
    return Response(body.model_dump_json(), status, mimetype="application/json")
