"""The Flask application: create_app(settings)."""

import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from nnt_contract.errors import ErrorBody
from nnt_parser.api import api, error_response
from nnt_parser.door import Door
from nnt_parser.settings import ParserSettings


def create_app(settings: ParserSettings | None = None) -> Flask:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = Flask(__name__)
    app.extensions["door"] = Door(settings or ParserSettings())
    app.register_blueprint(api)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _http_error(error: HTTPException) -> Response:
    body = ErrorBody(
        error=error.name.lower().replace(" ", "_"), message=error.description or error.name
    )
    return error_response(body, error.code or 500)
