"""The platform for programs: a REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "nnt_server.api"
    label = "api"
