"""The pages on which administrators look after the accounts of others."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from nnt_server.accounts import selectors, services
from nnt_server.accounts.models import User
from nnt_server.errors import Refused
from nnt_server.requests import Request, require_administrator, require_form

_PER_PAGE = 50
_CHANGES: Mapping[str, tuple[Callable[[User, User], None], str]] = {
    "enable": (services.enable, "“{}” can log in again."),
    "disable": (services.disable, "“{}” is shut out; their simulations go on."),
    "make-administrator": (services.make_administrator, "“{}” is an administrator."),
    "unmake-administrator": (services.unmake_administrator, "“{}” is no administrator any more."),
}


@require_safe
def users(request: Request) -> HttpResponse:
    require_administrator(request)
    page = Paginator(selectors.users(), _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/users.html", {"page": page})


@require_form
def change_user(request: Request, user_id: int, change: str) -> HttpResponse:
    require_administrator(request)
    user = get_object_or_404(User, id=user_id)
    if change not in _CHANGES:
        raise Http404(change)
    if request.method == "POST":
        act, told = _CHANGES[change]
        _try(request, act, user, told)
    return redirect("users")


@require_form
def delete_user(request: Request, user_id: int) -> HttpResponse:
    require_administrator(request)
    user = get_object_or_404(User, id=user_id)
    if request.method == "POST":
        _try(request, services.delete, user, "“{}” is being deleted, with everything of theirs.")
        return redirect("users")
    context = {"person": user, "goes": selectors.possessions(user)}
    return render(request, "accounts/delete_user.html", context)


def _try(request: Request, act: Callable[[User, User], None], user: User, told: str) -> None:
    try:
        act(user, request.user)
    except Refused as error:
        messages.error(request, str(error))
    except User.DoesNotExist as error:
        raise Http404("it was deleted meanwhile") from error
    else:
        messages.success(request, told.format(user.username))
