"""The first page, signing up and logging in, and who is; log-out is Django's own."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from nnt_server.accounts.forms import LogInForm, SignUpForm

_TOO_MANY_REQUESTS = 429


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("simulation_list")
    return render(request, "accounts/home.html")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("simulation_list")
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        login(request, form.save())
        return redirect("simulation_list")
    return render(request, "accounts/sign_up.html", {"form": form})


@login_not_required
@never_cache
@require_safe
def signed_in(request: HttpRequest) -> HttpResponse:
    """For nginx, which asks before it lets anybody through to Grafana."""
    return HttpResponse(status=204 if request.user.is_authenticated else 401)


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class LogIn(LoginView):
    template_name = "accounts/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: LogInForm) -> HttpResponse:  # type: ignore[override]
        answer = super().form_invalid(form)
        if form.retry_after_s is not None:
            answer.status_code = _TOO_MANY_REQUESTS
            answer.headers["Retry-After"] = str(form.retry_after_s)
        return answer
