"""The addresses below /api/."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from nnt_server.api import collected, docs, experiments, simulations, tokens
from nnt_server.api.application import api
from nnt_server.simulations import converters

converters.register()
for module in (tokens, experiments, simulations, collected):
    api.add_router("", module.router)

_patterns, _, namespace = api.urls
for pattern in _patterns:
    if isinstance(pattern, URLPattern):
        # The API lets in itself, and answers a stranger 401: a program cannot use the log-in page.
        pattern.callback = login_not_required(pattern.callback)
        if pattern.name == "openapi-json":  # which would take any method whatever
            pattern.callback = login_not_required(require_safe(pattern.callback))

app_name = namespace
urlpatterns = [path("docs", docs.docs, name="docs"), *_patterns]
