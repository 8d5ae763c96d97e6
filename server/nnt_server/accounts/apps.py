"""People: who they are, how they sign up and log in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "nnt_server.accounts"
    label = "accounts"
