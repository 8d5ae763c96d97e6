"""Filters of the list of simulations, as they stand in an address."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from nnt_contract.status import Status
from nnt_server.simulations.selectors import Filters

_STATUSES = {status.value: status for status in Status}


def filters_in(asked: Mapping[str, str]) -> Filters:
    """What makes no sense is left out: an address that somebody kept must show a list."""
    name, tag, owner = (asked.get(key, "").replace("\0", "") for key in ("name", "tag", "owner"))
    experiment = _uuid(asked.get("experiment", ""))
    return Filters(name, _STATUSES.get(asked.get("status", "")), tag, owner, experiment)


def query_of(filters: Filters) -> str:
    """To be added to ?page=1; empty where nothing is filtered."""
    given = {key: value for key, value in filters._asdict().items() if value}
    return f"&{urlencode(given)}" if given else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
