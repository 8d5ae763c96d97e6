"""What a WSGI server runs."""

import os

from django.core.wsgi import get_wsgi_application

# Django itself learns from this variable where its settings are.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nnt_server.settings")  # noqa: TID251

application = get_wsgi_application()
