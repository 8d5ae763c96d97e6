"""The addresses of sign-up, log-in and log-out."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from nnt_server.accounts import views
from nnt_server.accounts.forms import LogInForm

_log_in = LoginView.as_view(
    template_name="accounts/log_in.html",
    authentication_form=LogInForm,
    redirect_authenticated_user=True,
)

urlpatterns = [
    path("sign-up/", views.sign_up, name="sign_up"),
    path("log-in/", _log_in, name="log_in"),
    path("log-out/", LogoutView.as_view(), name="log_out"),
]
