"""Makes the first administrator, with a password nobody has chosen."""

import json
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nnt_server.accounts.models import User


class Command(BaseCommand):
    help = (
        "Makes an administrator with a random password and prints both as JSON, once; "
        "prints nothing where there is an administrator already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        if User.objects.filter(is_staff=True, is_active=True).exists():
            return
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username!r} is taken by somebody who is not an administrator")
        password = secrets.token_urlsafe(16)
        User.objects.create_superuser(username, password=password)
        self.stdout.write(json.dumps({"username": username, "password": password}))
