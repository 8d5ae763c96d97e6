"""Django's command line for this service: migrate, collectstatic, create_administrator."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # Django itself learns from this variable where its settings are.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nnt_server.settings")  # noqa: TID251
    execute_from_command_line(sys.argv)
