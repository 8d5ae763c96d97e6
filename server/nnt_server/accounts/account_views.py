"""The page on which people look after their own account, and the forms on it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from nnt_server.accounts import selectors, services, tokens
from nnt_server.accounts.forms import DetailsForm, LeaveForm, PasswordForm, TokenForm
from nnt_server.accounts.models import User
from nnt_server.errors import Refused
from nnt_server.requests import Request, require_form


@never_cache
@require_safe
def account(request: Request) -> HttpResponse:
    return _page(request)


@never_cache
@sensitive_post_parameters()
@require_form
def change_details(request: Request) -> HttpResponse:
    if request.method != "POST":  # who had to log in when they pressed Save comes back so
        return redirect("account")
    form = DetailsForm(request, request.user, request.POST)
    if not form.is_valid():
        return _page(request, 422, details_form=form)
    services.change_details(request.user, form.cleaned_data["username"], form.cleaned_data["email"])
    messages.success(request, "Saved.")
    return redirect("account")


@never_cache
@sensitive_post_parameters()
@require_form
def change_password(request: Request) -> HttpResponse:
    if request.method != "POST":
        return redirect("account")
    form = PasswordForm(request, request.user, request.POST)
    if not form.is_valid():
        return _page(request, 422, password_form=form)
    services.change_password(request.user, form.cleaned_data["new_password"])
    update_session_auth_hash(request, request.user)
    messages.success(request, "Your password is changed. You are logged out everywhere else.")
    return redirect("account")


@never_cache
@require_form
def create_token(request: Request) -> HttpResponse:
    """Answered with the page itself: the secret must not be kept anywhere, not even until the next request."""
    if request.method != "POST":
        return redirect("account")
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, token_form=form)
    name = form.cleaned_data["name"]
    return _page(request, 201, new_token=name, new_secret=tokens.create_token(request.user, name))


@never_cache
@require_form
def revoke_token(request: Request, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(selectors.tokens_of(request.user), id=token_id)
    if request.method != "POST":
        return render(request, "accounts/revoke_token.html", {"token": token})
    tokens.revoke(token)
    messages.success(request, f"“{token.name}” opens nothing any more.")
    return redirect("account")


@never_cache
@sensitive_post_parameters()
@require_form
def delete_account(request: Request) -> HttpResponse:
    form = LeaveForm(request, request.user, request.POST or None)
    if form.is_valid():
        try:
            services.leave(request.user, request.user)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            messages.success(request, "Your account is deleted, with everything in it.")
            return redirect("home")
    context = {"form": form, "goes": selectors.possessions(request.user)}
    return render(
        request, "accounts/delete_account.html", context, status=422 if form.is_bound else 200
    )


def _page(request: Request, status: int = 200, **shown: object) -> HttpResponse:
    # A form that was refused has changed nothing: the page shows the account as it is.
    user = User.objects.get(id=request.user.id)
    details = {"username": user.username, "email": user.email}
    context = {
        "details_form": DetailsForm(request, user, initial=details),
        "password_form": PasswordForm(request, user),
        "token_form": TokenForm(),
        "tokens": selectors.tokens_of(user),
        **shown,
    }
    return render(request, "accounts/account.html", context, status=status)
