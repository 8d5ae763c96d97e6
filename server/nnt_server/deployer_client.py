"""The only HTTP calls this service makes: the deployer's doorbell, what simulations print, and what they trained.

PostgreSQL holds what is wanted, and the deployer's loop reads it there: a ring that nobody hears is only late.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from uuid import UUID

import httpx
from django.conf import settings
from pydantic import ValidationError

from nnt_contract.log_part import LogPart
from nnt_contract.orders import LaunchConf, LaunchOrder
from nnt_contract.status import Command
from nnt_server.errors import DeployerAway, NoModel

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 2.0
_MODEL_TIMEOUT_SECONDS = 30.0  # for each piece: whoever wants it waits for the whole
_NOT_FOUND = 404
_VERBS: Mapping[Command, str] = {
    Command.PAUSE: "PAUSE",
    Command.RESUME: "START",
    Command.STOP: "STOP",
    Command.START: "START",
}


def ring_for_launch(sim_ids: Iterable[UUID]) -> None:
    """Says that these simulations are wanted running."""
    for sim_id in sim_ids:
        order = LaunchOrder(conf=LaunchConf(id=sim_id))
        if not _ring("POST", "/simulations", order.model_dump_json(exclude_none=True)):
            return  # somebody waits for us, and would wait for each of them


def ring_for_model(inspection_id: str) -> None:
    """Says that this model is to be inspected."""
    _ring("POST", f"/model_inspections/{inspection_id}")


def ring_for_deletion(sim_id: UUID) -> None:
    """Says that simulation `sim_id` is wanted deleted."""
    _ring("DELETE", f"/simulations/{sim_id}")


def ring_for_command(sim_id: UUID, command: Command) -> None:
    """Says that something else is wanted of simulation `sim_id` now."""
    _ring("POST", f"/simulations/{sim_id}/{_VERBS[command]}")


def read_log(sim_id: UUID, after: str = "", tail: int | None = None) -> LogPart:
    """What the simulation printed, from its beginning, after what was read, or its last lines.

    Raises DeployerAway.
    """
    asked = {"after": after} if tail is None else {"tail": str(tail)}
    try:
        with deployer() as client:
            answer = client.get(f"/simulations/{sim_id}/log", params=asked).raise_for_status()
            return LogPart.model_validate_json(answer.content)
    except (httpx.HTTPError, ValidationError) as error:
        raise DeployerAway(f"the log of {sim_id} cannot be read: {error!r}") from error


def read_whole_log(sim_id: UUID) -> Iterator[str]:
    """What the simulation printed up to now, in parts. Raises DeployerAway, the first time before any part."""
    part = read_log(sim_id)
    yield part.text
    while part.more:
        part = read_log(sim_id, part.after)
        yield part.text


class TrainedModel:
    """The trained network of a simulation on its way: so many `bytes`, in pieces; to be closed."""

    def __init__(self, sim_id: UUID) -> None:
        """Raises DeployerAway; NoModel where there is none."""
        with ExitStack() as opened:
            client = opened.enter_context(deployer())
            path = f"/simulations/{sim_id}/model"
            try:
                asked = client.stream("GET", path, timeout=_MODEL_TIMEOUT_SECONDS)
                self._answer = opened.enter_context(asked)
                if self._answer.status_code == _NOT_FOUND:
                    raise NoModel("No trained model was saved: that is done after the last epoch.")
                self._answer.raise_for_status()
            except httpx.HTTPError as error:
                raise _no_model_from(sim_id, error) from error
            self._sim_id = sim_id
            self.bytes = int(self._answer.headers["Content-Length"])
            self._opened = opened.pop_all()

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_raw()
        except httpx.HTTPError as error:
            raise _no_model_from(self._sim_id, error) from error

    def close(self) -> None:
        self._opened.close()


def _no_model_from(sim_id: UUID, error: httpx.HTTPError) -> DeployerAway:
    return DeployerAway(f"the trained model of {sim_id} cannot be read: {error!r}")


def _ring(method: str, path: str, body: str | None = None) -> bool:
    """Whether it was heard."""
    try:
        with deployer() as client:
            client.request(method, path, content=body).raise_for_status()
        return True
    except httpx.HTTPError as error:
        logger.warning(
            "%s %s: the deployer did not hear it, its loop will see it: %r", method, path, error
        )
        return False


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
