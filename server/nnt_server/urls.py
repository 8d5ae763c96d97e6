"""The addresses of the site."""

from django.urls import include, path

from nnt_server.accounts.views import home

handler404 = "nnt_server.errors.not_found"

urlpatterns = [
    path("", home, name="home"),
    path("accounts/", include("nnt_server.accounts.urls")),
    path("api/", include("nnt_server.api.urls")),
    path("machine/", include("nnt_server.machine.urls")),
    path("simulations/", include("nnt_server.simulations.urls")),
]
