"""Everything that reads accounts."""

from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Q, QuerySet

from nnt_contract.status import Status
from nnt_server.accounts.models import ApiToken, User
from nnt_server.simulations.models import Simulation

_COLLECTED_BYTES = """
    SELECT coalesce(sum(collected_bytes(id)), 0) FROM simulations WHERE owner_id = %s
"""


class Possessions(NamedTuple):
    """What goes with an account."""

    simulations: int
    live_simulations: int  # whose training would be ended
    collected_bytes: int
    tokens: int


def possessions(user: User) -> Possessions:
    live = [status.value for status in Status if not status.is_ended]
    counted = Simulation.objects.filter(owner=user).aggregate(
        all=Count("id"), live=Count("id", filter=Q(status__in=live))
    )
    with connection.cursor() as cursor:
        cursor.execute(_COLLECTED_BYTES, [user.id])
        (collected,) = cursor.fetchone()
    return Possessions(counted["all"], counted["live"], int(collected), user.api_tokens.count())


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The newest first."""
    return user.api_tokens.order_by("-created_at", "id")


def users() -> QuerySet[User]:
    """Everybody, for administrators, with how many simulations each has."""
    return User.objects.annotate(simulations=Count("simulation")).order_by("username")
