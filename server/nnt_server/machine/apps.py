"""The machine that simulations run on, for administrators."""

from django.apps import AppConfig


class MachineConfig(AppConfig):
    name = "nnt_server.machine"
    label = "machine"
