"""A Flask application that answers every error with the one error body."""

import logging

import psycopg2
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from nnt_contract.errors import ErrorBody
from nnt_service.away import DATABASE_AWAY
from nnt_service.errors import DatabaseAway, Refused

_log = logging.getLogger(__name__)


def create_flask(name: str) -> Flask:
    """With GET /healthz; the endpoints of the service are registered by itself."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = Flask(name, static_folder=None)
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http_error)
    for error in DATABASE_AWAY:
        app.register_error_handler(error, _database_away)
    return app


def _healthz() -> Response:
    return jsonify(status="ok")


def _refused(error: Refused) -> Response:
    return _answer(error.body, error.status)


def _http_error(error: HTTPException) -> Response:
    word = error.name.lower().replace(" ", "_")
    return _answer(
        ErrorBody(error=word, message=error.description or error.name), error.code or 500
    )


def _database_away(error: psycopg2.Error) -> Response:
    _log.warning("the database does not answer: %s", str(error).strip())
    return _refused(DatabaseAway("the database does not answer; try again"))


def _answer(body: ErrorBody, status: int) -> Response:
    return Response(body.model_dump_json(), status, mimetype="application/json")
