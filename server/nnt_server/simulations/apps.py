"""Simulations: create, list, follow, delete."""

from django.apps import AppConfig
from django.conf import settings


class SimulationsConfig(AppConfig):
    name = "nnt_server.simulations"
    label = "simulations"

    def ready(self) -> None:
        for folder in (settings.NNT.datasets_dir, settings.NNT.uploads_dir):
            folder.mkdir(parents=True, exist_ok=True)
