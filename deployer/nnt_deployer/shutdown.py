"""Suspends what runs before the platform ends, to go on at its next start: python -m nnt_deployer.shutdown."""

import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

from nnt_contract.environment import EXIT_STOPPED
from nnt_contract.status import Status, Wanted
from nnt_deployer.conductor import Conductor
from nnt_deployer.errors import NotReady
from nnt_deployer.launchers import launcher_from
from nnt_deployer.launchers.base import Exit, Handle, Launcher, State
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Store, open_store

_REASON = "the platform was stopped; it goes on when the platform is started again"
_INSISTING = timedelta(seconds=5)
_LOOK_S = 0.1
_AFTERWARDS = {
    Wanted.RUNNING: Status.QUEUED,
    Wanted.PAUSED: Status.PAUSED,
    Wanted.STOPPED: Status.STOPPED,
}


def suspend_all(conductor: Conductor, launcher: Launcher, store: Store, patience: timedelta) -> int:
    """Ends every process so that its simulation can go on from there; returns how many there were."""
    rows = [row for row in store.open_rows() if row.status.has_process]
    handles = [row.handle for row in rows]
    _end(launcher, handles, patience)
    seen = launcher.observe(handles)
    for row in rows:
        conductor.see_off(row, seen[row.handle])
        after = _AFTERWARDS.get(row.wanted)
        # Any other end, and that of one which was paused or stopping, is judged at the next start.
        has_run = row.status in (Status.PREPARING, Status.RUNNING)
        if after and has_run and _is_ours(seen[row.handle].exit):
            store.move(row.handle.sim_id, row.status, after, _REASON)
    return len(rows)


def abandon_inspections(launcher: Launcher, store: Store) -> None:
    """Ends those of models, which begin again at the next start."""
    for handle in store.model_inspections.living():
        launcher.kill(handle)
        launcher.remove(handle)


def _end(launcher: Launcher, handles: Sequence[Handle], patience: timedelta) -> None:
    for handle, seen in launcher.observe(handles).items():
        if seen.state is State.PAUSED:
            launcher.kill(handle)  # what it goes on from was written before it was paused
        else:
            launcher.ask(handle)
    for harder, wait in ((launcher.insist, patience), (launcher.kill, _INSISTING)):
        for handle in _still_there(launcher, handles, wait):
            harder(handle)


def _still_there(
    launcher: Launcher, handles: Sequence[Handle], patience: timedelta
) -> Sequence[Handle]:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        there = [handle for handle, seen in launcher.observe(handles).items() if seen.is_there]
        if not there or time.monotonic() > deadline:
            return there
        time.sleep(_LOOK_S)


def _is_ours(end: Exit | None) -> bool:
    return end is None or end.code == EXIT_STOPPED or end.signal == signal.SIGKILL


def main() -> None:
    settings = DeployerSettings()
    launcher = launcher_from(settings)
    with open_store(settings) as store:
        conductor = Conductor(settings, store, launcher)
        patience = timedelta(seconds=settings.shutdown_s)
        try:
            suspended = suspend_all(conductor, launcher, store, patience)
        except NotReady as error:
            sys.exit(f"nothing was suspended: {error}")
        if suspended:
            sys.stdout.write(f"suspended {suspended} simulation{'s' if suspended > 1 else ''}\n")
        abandon_inspections(launcher, store)


if __name__ == "__main__":
    main()
