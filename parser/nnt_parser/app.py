"""The Flask application: create_app(settings)."""

from flask import Flask

from nnt_parser.api import api
from nnt_parser.door import Door
from nnt_parser.settings import ParserSettings
from nnt_service.flask_app import create_flask


def create_app(settings: ParserSettings | None = None) -> Flask:
    app = create_flask(__name__)
    app.extensions["door"] = Door(settings or ParserSettings())
    app.register_blueprint(api)
    return app
