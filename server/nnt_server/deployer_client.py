"""The only HTTP calls this service makes: the deployer's doorbell.

PostgreSQL holds what is wanted, and the deployer's loop reads it there: a ring that nobody hears is only late.
"""

import logging
from uuid import UUID

import httpx
from django.conf import settings

from nnt_contract.orders import LaunchConf, LaunchOrder

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 2.0


def ring_for_launch(sim_id: UUID) -> None:
    """Says that simulation `sim_id` is wanted running."""
    order = LaunchOrder(conf=LaunchConf(id=sim_id))
    _ring("POST", "/simulations", order.model_dump_json(exclude_none=True))


def ring_for_deletion(sim_id: UUID) -> None:
    """Says that simulation `sim_id` is wanted deleted."""
    _ring("DELETE", f"/simulations/{sim_id}")


def _ring(method: str, path: str, body: str | None = None) -> None:
    try:
        with deployer() as client:
            client.request(method, path, content=body).raise_for_status()
    except httpx.HTTPError as error:
        logger.warning(
            "%s %s: the deployer did not hear it, its loop will see it: %r", method, path, error
        )


def deployer() -> httpx.Client:
    return httpx.Client(
        base_url=str(settings.NNT.deployer_url),
        headers={
            "Authorization": f"Bearer {settings.NNT.service_token.get_secret_value()}",
            "Content-Type": "application/json",
        },
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,  # a proxy for the internet is no way to a neighbour
    )
