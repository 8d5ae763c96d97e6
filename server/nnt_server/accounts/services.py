"""Everything that changes an account, except for its tokens (tokens.py)."""

from django.db import connection, transaction
from django.utils import timezone

from nnt_server.accounts.models import User
from nnt_server.errors import Refused
from nnt_server.simulations.services import ask_to_delete_all_of

_LAST_ADMINISTRATOR = (
    "“{}” is the only administrator. Make somebody else one first: "
    "a platform without administrators could not be put right again."
)
_ONESELF = "Another administrator has to do that: you would shut yourself out."


def change_details(user: User, username: str, email: str) -> None:
    """What has happened keeps the name under which it happened."""
    user.username, user.email = username, email
    user.save(update_fields=["username", "email"])


def change_password(user: User, password: str) -> None:
    """Every session that knew the old one ends; tokens stay."""
    user.set_password(password)
    user.save(update_fields=["password"])


def leave(user: User, actor: User) -> None:
    """Ends an account and everything of it.

    From now on it opens nothing. Its simulations are wanted deleted, and the row goes with the last of them.
    """
    with transaction.atomic():
        held = _hold(user)
        if held.leaving_at is not None:
            return
        _refuse_the_last_administrator(held)
        held.is_active = False
        held.leaving_at = timezone.now()
        held.save(update_fields=["is_active", "leaving_at"])
        ask_to_delete_all_of(held, actor)
        with connection.cursor() as cursor:
            cursor.execute("SELECT delete_leaving_user(%s)", [held.id])


def delete(user: User, actor: User) -> None:
    """What an administrator does with somebody else's account. Raises Refused."""
    _refuse_oneself(user, actor)
    leave(user, actor)


def enable(user: User, actor: User) -> None:
    with transaction.atomic():
        held = _hold(user)
        if held.leaving_at is not None:
            raise Refused(f"“{held.username}” is being deleted.")
        held.is_active = True
        held.save(update_fields=["is_active"])


def disable(user: User, actor: User) -> None:
    """Ends every session and every use of a token at once; simulations go on. Raises Refused."""
    _refuse_oneself(user, actor)
    with transaction.atomic():
        held = _hold(user)
        _refuse_the_last_administrator(held)
        held.is_active = False
        held.save(update_fields=["is_active"])


def make_administrator(user: User, actor: User) -> None:
    _set_administrator(user, True)


def unmake_administrator(user: User, actor: User) -> None:
    """Raises Refused."""
    _refuse_oneself(user, actor)
    _set_administrator(user, False)


def _set_administrator(user: User, is_administrator: bool) -> None:
    with transaction.atomic():
        held = _hold(user)
        if not is_administrator:
            _refuse_the_last_administrator(held)
        held.is_staff = held.is_superuser = is_administrator
        held.save(update_fields=["is_staff", "is_superuser"])


def _hold(user: User) -> User:
    """The account as it is now; neither it nor who is an administrator changes until the transaction ends."""
    list(User.objects.select_for_update(no_key=True).filter(is_staff=True).order_by("id"))
    return User.objects.select_for_update(no_key=True).get(id=user.id)


def _refuse_the_last_administrator(user: User) -> None:
    others = User.objects.filter(is_staff=True, is_active=True).exclude(id=user.id)
    if user.is_staff and user.is_active and not others.exists():
        raise Refused(_LAST_ADMINISTRATOR.format(user.username))


def _refuse_oneself(user: User, actor: User) -> None:
    if user.id == actor.id:
        raise Refused(_ONESELF)
