"""The Flask application: create_app(settings)."""

from flask import Flask

from nnt_deployer.api import api
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.worker import create_celery
from nnt_service.flask_app import create_flask


def create_app(settings: DeployerSettings | None = None) -> Flask:
    app = create_flask(__name__)
    app.extensions["settings"] = settings or DeployerSettings()
    app.extensions["celery"] = create_celery(app.extensions["settings"])
    app.register_blueprint(api)
    return app
