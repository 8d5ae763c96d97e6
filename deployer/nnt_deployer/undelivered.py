"""What ended simulations left in their outboxes: which ones, and its delivery to the parser."""

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx

from nnt_contract import tokens
from nnt_contract.environment import OUTBOX
from nnt_contract.tokens import RunToken
from nnt_contract.updates import FRAME_TYPE

_log = logging.getLogger(__name__)

_KINDS = ("update", "finish", "send_error")
_RETRIED = (408, 429)
_REFUSED = ".refused"


class Undelivered:
    """A mark for each simulation with a full outbox and no process; marks survive any kill."""

    def __init__(self, marks_dir: Path, runs_dir: Path) -> None:
        marks_dir.mkdir(parents=True, exist_ok=True)
        self._marks_dir = marks_dir
        self._runs_dir = runs_dir

    def mark(self, sim_id: UUID) -> None:
        """To be called before the end of its process is written down; does nothing where the outbox is empty."""
        if not self.is_empty(sim_id):
            (self._marks_dir / str(sim_id)).touch()

    def marked(self) -> list[UUID]:
        return [UUID(path.name) for path in self._marks_dir.iterdir()]

    def forget(self, sim_id: UUID) -> None:
        (self._marks_dir / str(sim_id)).unlink(missing_ok=True)

    def is_empty(self, sim_id: UUID) -> bool:
        return not any(self._files(sim_id))

    def deliver(self, token: RunToken, secret: str, client: httpx.Client) -> None:
        """Delivers until the parser does not take more now; raises httpx.RequestError while it is away."""
        headers = {
            "Authorization": f"Bearer {tokens.mint(secret, token)}",
            "Content-Type": FRAME_TYPE,
        }
        for path in self._files(token.sim_id):
            try:
                with path.open("rb") as body:
                    kind = path.suffix.removeprefix(".")
                    answer = client.post(f"/{kind}", content=body, headers=headers)
            except FileNotFoundError:  # a new process of the simulation delivered it
                continue
            if answer.is_server_error or answer.status_code in _RETRIED:
                return
            if answer.is_client_error:
                _log.error("the parser refuses %s: %s", path, answer.text[:500])
                path.rename(path.with_name(path.name + _REFUSED))
            else:
                path.unlink(missing_ok=True)

    def _files(self, sim_id: UUID) -> Iterator[Path]:
        """The updates in its outbox, in the order in which they were made."""
        outbox = self._runs_dir / str(sim_id) / OUTBOX
        if outbox.is_dir():
            yield from sorted(
                path for path in outbox.iterdir() if path.suffix.removeprefix(".") in _KINDS
            )
