"""What a simulation printed, in all its attempts, as one text that grows."""

import re
from uuid import UUID

from nnt_contract.log_part import LogPart
from nnt_deployer.launchers.base import Handle, Launcher
from nnt_service.errors import Malformed

_CURSOR = re.compile(r"(\d{1,9})\.(\d{1,18})")
_PART_BYTES = 256 * 1024
# The longest part of a log of which the last lines are looked for.
_TAIL_BYTES = 256 * 1024


class SimulationLog:
    def __init__(self, launcher: Launcher, sim_id: UUID, attempts: int) -> None:
        self._launcher = launcher
        self._sim_id = sim_id
        self._attempts = attempts

    def after(self, cursor: str) -> LogPart:
        """What follows the cursor, or begins the log where that is empty; raises Malformed."""
        attempt, start = _position(cursor)
        while True:
            content = self._read(attempt, start)
            if content or attempt >= self._attempts:
                break
            attempt, start = attempt + 1, 0
        start += len(content)
        more = bool(content) and (
            attempt < self._attempts
            or self._launcher.log_size(Handle(self._sim_id, attempt)) > start
        )
        text = content.decode(errors="replace")
        return LogPart(text=text, after=f"{attempt}.{start}", more=more)

    def tail(self, lines: int) -> LogPart:
        """The last lines of the last attempt that printed any."""
        for attempt in range(self._attempts, 0, -1):
            handle = Handle(self._sim_id, attempt)
            if size := self._launcher.log_size(handle):
                start = max(0, size - _TAIL_BYTES)
                content = self._launcher.read_log(handle, start, size - start)
                kept = content.splitlines(keepends=True)[-lines:] if lines else []
                text = b"".join(kept).decode(errors="replace")
                return LogPart(text=text, after=f"{attempt}.{size}", more=False)
        return LogPart(text="", after="1.0", more=False)

    def _read(self, attempt: int, start: int) -> bytes:
        """Whole lines, unless one is longer than a part: a character is never cut in two otherwise."""
        content = self._launcher.read_log(Handle(self._sim_id, attempt), start, _PART_BYTES)
        whole, newline, _ = content.rpartition(b"\n")
        return whole + newline if newline else content


def _position(cursor: str) -> tuple[int, int]:
    """Attempt, and bytes of its log."""
    if not cursor:
        return 1, 0
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Malformed(f"after is {cursor[:50]!r}, expected what the log gave")
    return int(found[1]), int(found[2])
