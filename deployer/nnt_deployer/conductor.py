"""Takes a simulation from step to step: what the Celery task does, and the loop while Redis is away."""

import logging
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx

from nnt_contract.environment import RUN_FILE, WAITING
from nnt_contract.status import Status
from nnt_contract.tokens import RunToken
from nnt_deployer import process_spec
from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import launcher_from
from nnt_deployer.launchers.base import Handle, Launcher, Observed
from nnt_deployer.lifecycle import (
    Kill,
    Move,
    Note,
    Prepare,
    Remove,
    Situation,
    Start,
    Step,
    next_step,
)
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Row, Store, Task
from nnt_deployer.undelivered import Undelivered

_log = logging.getLogger(__name__)

# Enough for queued, preparing, started, running in one go; never an endless loop.
_MAX_STEPS = 6
_LOG_LINES_IN_REASON = 8


class Conductor:
    def __init__(
        self, settings: DeployerSettings, store: Store, launcher: Launcher | None = None
    ) -> None:
        self._settings = settings
        self._store = store
        self._launcher = launcher or launcher_from(settings)
        self._undelivered = Undelivered(settings.undelivered_dir, settings.runs_dir)
        self._patience = timedelta(seconds=settings.finishing_s)

    def due(self) -> list[UUID]:
        """The simulations for which something is to be done now."""
        rows = self._store.open_rows(self._settings.max_running)
        observed = self._launcher.observe([row.handle for row in rows])
        return [
            row.handle.sim_id
            for row in rows
            if next_step(self._situation(row, observed[row.handle]), self._patience) is not None
        ]

    def advance(self, sim_id: UUID) -> None:
        """Takes every step that is due for one simulation, unless somebody else is at it."""
        with self._store.exclusive(sim_id) as mine:
            if not mine:
                return
            for _ in range(_MAX_STEPS):
                row = self._store.row(sim_id, self._settings.max_running)
                if row is None:
                    return
                observed = self._launcher.observe([row.handle])[row.handle]
                step = next_step(self._situation(row, observed), self._patience)
                if step is None or not self._perform(step, row):
                    return

    def undelivered(self) -> list[UUID]:
        """The simulations whose process is gone and whose outbox is not empty."""
        return self._undelivered.marked()

    def deliver(self, sim_id: UUID) -> None:
        """Brings to the parser what a simulation without a process left in its outbox, then judges its end again."""
        with self._store.exclusive(sim_id, Task.DELIVER) as mine:
            row = self._store.row(sim_id, self._settings.max_running) if mine else None
            if row is not None and not self._undelivered.is_empty(sim_id):
                self._empty_outbox(row.handle)
            elif mine:
                self.advance(sim_id)
                self._undelivered.forget(sim_id)

    def end_all(self, reason: str) -> int:
        """Ends every training process, its simulation as failed with this reason; returns how many."""
        ended = 0
        for row in self._store.open_rows(self._settings.max_running):
            if row.status.has_process:
                self._launcher.stop(row.handle, timedelta(0))
                self._undelivered.mark(row.handle.sim_id)
                ended += self._store.move(row.handle.sim_id, row.status, Status.FAILED, reason)
        return ended

    def _perform(self, step: Step, row: Row) -> bool:
        """Whether to go on with the next step at once."""
        sim_id = row.handle.sim_id
        match step:
            case Prepare():
                return self._store.prepare(
                    sim_id, self._settings.max_running, self._settings.simulation_threads
                )
            case Start():
                return self._start(row)
            case Move(status, reason):
                _log.info("%s: %s -> %s %s", sim_id, row.status, status, reason)
                if not status.has_process:
                    self._undelivered.mark(sim_id)
                return self._store.move(
                    sim_id, row.status, status, self._with_log(row, status, reason)
                )
            case Note(reason):
                return self._store.note(sim_id, row.status, reason)
            case Kill():
                self._launcher.stop(row.handle, timedelta(0))
                return True
            case Remove():
                self._remove(row)
                return False

    def _empty_outbox(self, handle: Handle) -> None:
        token = RunToken(handle.sim_id, handle.attempt)
        secret = self._settings.token_secret.get_secret_value()
        with httpx.Client(
            base_url=self._settings.parser_url, timeout=60, trust_env=False
        ) as client:
            try:
                self._undelivered.deliver(token, secret, client)
            except httpx.RequestError as error:
                _log.info("the outbox of %s waits for the parser: %s", handle.sim_id, error)

    def _start(self, row: Row) -> bool:
        sim_id = row.handle.sim_id
        simulation = self._store.to_start(sim_id)
        run_dir = self._run_dir(sim_id)
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        run = process_spec.simulation_run(simulation, self._settings.datasets_dir)
        _write(run_dir / RUN_FILE, run.model_dump_json())
        spec = process_spec.process_spec(
            row.handle,
            sys.executable,
            run_dir,
            self._settings.parser_url,
            self._settings.token_secret.get_secret_value(),
        )
        try:
            self._launcher.start(spec)
        except LaunchFailed as error:
            return self._store.move(sim_id, row.status, Status.FAILED, str(error))
        self._store.save_handle(row.handle, "local")
        return True

    def _with_log(self, row: Row, status: Status, reason: str) -> str:
        """A failure that the simulation did not tell itself is told with the end of its log."""
        if status is not Status.FAILED or row.run_end is not None:
            return reason
        tail = self._launcher.logs(row.handle, _LOG_LINES_IN_REASON)
        return f"{reason}\n{tail}" if tail else reason

    def _remove(self, row: Row) -> None:
        sim_id = row.handle.sim_id
        for attempt in range(1, row.handle.attempt + 1):
            self._launcher.remove(Handle(sim_id, attempt))
        shutil.rmtree(self._run_dir(sim_id), ignore_errors=True)
        self._undelivered.forget(sim_id)
        # Rows come last: as long as they are there, a removal that was interrupted is taken up again.
        logical_bytes = self._store.delete(sim_id)
        _log.info("%s: deleted, with %d bytes of weights", sim_id, logical_bytes)
        self._store.delete_unused_datasets(self._remove_dataset)
        self._store.make_room()

    def _remove_dataset(self, sha256: str) -> None:
        process_spec.dataset_path(self._settings.datasets_dir, sha256).unlink(missing_ok=True)

    def _run_dir(self, sim_id: UUID) -> Path:
        return self._settings.runs_dir / str(sim_id)

    def _situation(self, row: Row, observed: Observed) -> Situation:
        exited_at = observed.exit.at if observed.exit is not None else None
        return Situation(
            wanted=row.wanted,
            status=row.status,
            observed=observed,
            run_end=row.run_end,
            received=row.received,
            expected=row.expected,
            may_start=row.may_start,
            in_status_for=row.in_status_for,
            reason=row.reason,
            is_waiting=(self._run_dir(row.handle.sim_id) / WAITING).exists(),
            since_exit=datetime.now(UTC) - exited_at if exited_at else timedelta(0),
        )


def _write(path: Path, content: str) -> None:
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(content)
    unfinished.rename(path)
