"""What ended simulations left in their outboxes: which ones, and its delivery to the parser."""

import logging
from pathlib import Path
from uuid import UUID

import httpx

from nnt_contract import tokens
from nnt_contract.environment import OUTBOX
from nnt_contract.tokens import RunToken
from nnt_contract.updates import FRAME_TYPE
from nnt_deployer import strange_folder
from nnt_deployer.strange_folder import StrangeFolder

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
        try:
            with strange_folder.opened(self._outbox(sim_id)) as outbox:
                return not _updates(outbox)
        except strange_folder.NO_FOLDER:
            return True  # no training has put anything there

    def deliver(self, token: RunToken, secret: str, client: httpx.Client) -> None:
        """Delivers until the parser does not take more now; raises httpx.RequestError while it is away."""
        headers = {
            "Authorization": f"Bearer {tokens.mint(secret, token)}",
            "Content-Type": FRAME_TYPE,
        }
        with strange_folder.opened(self._outbox(token.sim_id)) as outbox:
            for name in _updates(outbox):
                body = outbox.open(name)
                if body is None:  # a new process of the simulation delivered it
                    continue
                with body:
                    answer = client.post(f"/{_kind(name)}", content=body, headers=headers)
                if answer.is_server_error or answer.status_code in _RETRIED:
                    return
                if answer.is_client_error:
                    _log.error(
                        "the parser refuses %s of %s: %s", name, token.sim_id, answer.text[:500]
                    )
                    outbox.rename(name, name + _REFUSED)
                else:
                    outbox.remove(name)

    def _outbox(self, sim_id: UUID) -> Path:
        return self._runs_dir / str(sim_id) / OUTBOX


def _updates(outbox: StrangeFolder) -> list[str]:
    """The names of its updates, in the order in which they were made."""
    return [name for name in outbox.files() if _kind(name) in _KINDS]


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
