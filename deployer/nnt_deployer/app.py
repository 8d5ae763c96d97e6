"""The Flask application: create_app(settings)."""

import logging

import psycopg2
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from nnt_contract.errors import ErrorBody
from nnt_deployer.api import api, error_response
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.worker import create_celery


def create_app(settings: DeployerSettings | None = None) -> Flask:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = Flask(__name__)
    app.extensions["settings"] = settings or DeployerSettings()
    app.extensions["celery"] = create_celery(app.extensions["settings"])
    app.register_blueprint(api)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(psycopg2.OperationalError, _database_away)
    return app


def _http_error(error: HTTPException) -> Response:
    body = ErrorBody(
        error=error.name.lower().replace(" ", "_"), message=error.description or error.name
    )
    return error_response(body, error.code or 500)


def _database_away(error: psycopg2.OperationalError) -> Response:
    logging.warning("the database does not answer: %s", str(error).strip())
    return error_response(
        ErrorBody(error="database_away", message="the database does not answer"), 503
    )
