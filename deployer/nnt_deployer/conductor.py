"""Takes a simulation from step to step: what the Celery task does, and the loop while Redis is away."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx

from nnt_contract import suitability
from nnt_contract.environment import RUN_FILE, WAITING
from nnt_contract.status import Status
from nnt_contract.tokens import RunToken
from nnt_deployer import limits, machine, process_spec, strange_folder
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.errors import LaunchFailed, NotReady, in_words
from nnt_deployer.launchers import launcher_from
from nnt_deployer.launchers.base import Handle, Launcher, Observed, State
from nnt_deployer.lifecycle import (
    Ask,
    Continue,
    Insist,
    Kill,
    Move,
    Note,
    Patience,
    Pause,
    Prepare,
    Remove,
    Requeue,
    Resume,
    Situation,
    Start,
    Step,
    next_step,
    not_ready,
)
from nnt_deployer.logs import SimulationLog
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Row, Store, Task
from nnt_deployer.undelivered import Undelivered
from nnt_service.away import DATABASE_AWAY

_log = logging.getLogger(__name__)

# Enough for queued, preparing, started, running in one go; never an endless loop.
_MAX_STEPS = 6
_LOG_LINES_IN_REASON = 8
_OWN_TROUBLE = "the platform has trouble with it and tries again ({trouble})"
_NO_GPU = "no graphics processor can be given to it: it trains on the processor"
_NOTHING_STARTED = "its process was started, and there is no trace of it"


class Conductor:
    def __init__(
        self, settings: DeployerSettings, store: Store, launcher: Launcher | None = None
    ) -> None:
        self._settings = settings
        self._store = store
        self._launcher = launcher or launcher_from(settings)
        self._undelivered = Undelivered(settings.undelivered_dir, settings.runs_dir)
        self._patience = Patience(
            finishing=timedelta(seconds=settings.finishing_s),
            asking=timedelta(seconds=settings.stop_ask_s),
            insisting=timedelta(seconds=settings.stop_insist_s),
        )

    def due(self) -> list[UUID]:
        """The simulations for which something is to be done now."""
        rows = self._store.open_rows()
        observed = self._observe([row.handle for row in rows])
        return [
            row.handle.sim_id
            for row in rows
            if next_step(self._situation(row, observed[row.handle]), self._patience) is not None
        ]

    def advance(self, sim_id: UUID) -> bool:
        """Takes every step that is due for one simulation, unless somebody else is at it.

        Returns whether it has given its place away.
        """
        with self._store.exclusive(sim_id) as mine:
            return mine and self._advance(sim_id)

    def sample(self) -> None:
        """Writes down what the machine and every process use now. Raises NotReady."""
        self._store.usage.save_machine(machine.look(self._settings.data_dir))
        handles = [row.handle for row in self._store.open_rows() if row.status.has_process]
        observed = self._launcher.observe(handles)
        for handle, usage in self._launcher.usage(handles).items():
            is_running = observed[handle].state is State.ALIVE
            self._store.usage.save_sample(handle, usage, is_running)

    def mend(self) -> None:
        """Restores what processes need and somebody else took away. Raises NotReady."""
        self._launcher.mend()

    def end_strays(self) -> None:
        """Ends every process that no simulation has any more, and clears away the dead. Raises NotReady."""
        strays = list(self._store.strays(list(self._launcher.known())))
        for handle, seen in self._launcher.observe(strays).items():
            if seen.is_there:
                self._end_stray(handle)
            elif handle.is_inspection:
                self._launcher.remove(handle)
            else:
                self._launcher.clear(handle)

    def forget_models(self) -> None:
        """Those that somebody looked at and did not train."""
        self._store.model_inspections.delete_unused()

    def undelivered(self) -> list[UUID]:
        """The simulations whose process is gone and whose outbox is not empty."""
        return self._undelivered.marked()

    def deliver(self, sim_id: UUID) -> None:
        """Brings to the parser what a simulation without a process left in its outbox, then judges its end again."""
        with self._store.exclusive(sim_id, Task.DELIVER) as mine:
            row = self._store.row(sim_id) if mine else None
            if row is not None and not self._undelivered.is_empty(sim_id):
                self._empty_outbox(row.handle)
            elif mine:
                self.advance(sim_id)
                self._undelivered.forget(sim_id)

    def see_off(self, row: Row, observed: Observed) -> None:
        """To be called before the end of a process is written down: keeps what it left, and what it used."""
        if row.status.has_process and not observed.is_there:
            self._undelivered.mark(row.handle.sim_id)
            if observed.exit is not None:
                self._store.usage.save_end(row.handle, observed.exit)

    def _advance(self, sim_id: UUID) -> bool:
        had_place = False
        for _ in range(_MAX_STEPS):
            row = self._store.row(sim_id)
            if row is None:
                return had_place
            observed = self._observe([row.handle])[row.handle]
            step = next_step(self._situation(row, observed), self._patience)
            if step is None or not self._perform_or_tell(step, row, observed):
                return had_place and not row.status.is_using_a_place
            had_place |= row.status.is_using_a_place
        return False

    def _perform_or_tell(self, step: Step, row: Row, observed: Observed) -> bool:
        """Its owner sees that it does not go on, and whose fault that is."""
        try:
            return self._perform(step, row, observed)
        except DATABASE_AWAY:
            raise
        except NotReady as error:
            self._store.note(row.handle.sim_id, row.status, not_ready(str(error)))
            return False
        except Exception as error:
            self._store.note(
                row.handle.sim_id, row.status, _OWN_TROUBLE.format(trouble=in_words(error))
            )
            raise

    def _perform(self, step: Step, row: Row, observed: Observed) -> bool:
        """Whether to go on with the next step at once."""
        sim_id = row.handle.sim_id
        match step:
            case Prepare():
                if misfit := self._misfit(sim_id):
                    return self._store.move(sim_id, row.status, Status.FAILED, misfit)
                return self._store.prepare(
                    sim_id, self._settings.simulation_threads, self._launcher.name
                )
            case Start():
                return self._start(row)
            case Continue():
                return self._store.continue_paused(sim_id)
            case Move(Status.RUNNING):
                return self._store.move(sim_id, row.status, Status.RUNNING, self._lacking(row))
            case Move(status, reason, needs_log):
                _log.info("%s: %s -> %s %s", sim_id, row.status, status, reason)
                self.see_off(row, observed)
                told = self._with_log(row, reason) if needs_log else reason
                return self._store.move(sim_id, row.status, status, told)
            case Requeue(reason):
                _log.info("%s: %s -> queued again: %s", sim_id, row.status, reason)
                self.see_off(row, observed)
                return self._store.requeue(sim_id, row.status, reason)
            case Note(reason):
                return self._store.note(sim_id, row.status, reason)
            case Pause():
                self._launcher.pause(row.handle)
            case Resume():
                self._launcher.resume(row.handle)
            case Ask():
                self._launcher.ask(row.handle)
                return False  # it needs its time
            case Insist():
                self._launcher.insist(row.handle)
                return False
            case Kill():
                self._launcher.kill(row.handle)
            case Remove():
                self._remove(row)
                return False
        return True

    def _end_stray(self, handle: Handle) -> None:
        with self._store.exclusive(handle.sim_id) as mine:
            if not mine or handle not in self._store.strays([handle]):
                return
            _log.warning("%s belongs to no simulation: it is ended", handle.name)
            try:
                self._launcher.kill(handle)
            except LaunchFailed as error:
                _log.error("%s", error)  # the others are to be ended all the same

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
        with strange_folder.opened(run_dir) as folder:
            folder.write(RUN_FILE, run.model_dump_json())
        spec = process_spec.process_spec(
            row.handle,
            run,
            self._launcher.python,
            run_dir,
            self._settings.parser_url,
            self._settings.token_secret.get_secret_value(),
            self._settings.passed_on,
        )
        try:
            self._launcher.start(spec)
            if self._launcher.observe([row.handle])[row.handle].state is State.GONE:
                raise LaunchFailed(_NOTHING_STARTED)
        except LaunchFailed as error:
            return self._store.move(sim_id, row.status, Status.FAILED, str(error))
        return True

    def _misfit(self, sim_id: UUID) -> str:
        """Why its data do not suit its model, where that is known without a process."""
        inspected = self._store.inspected(sim_id)
        try:
            return suitability.problem(*inspected) if inspected else ""
        except Exception:  # a mistake of ours must not hold up the queue: the training will tell
            _log.exception("%s: whether its data suit its model cannot be told", sim_id)
            return ""

    def _observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        try:
            return self._launcher.observe(handles)
        except NotReady as error:
            return dict.fromkeys(handles, Observed(State.UNKNOWN, why=str(error)))

    def _lacking(self, row: Row) -> str:
        """What it asked for and goes without."""
        return _NO_GPU if row.wants_gpu and not self._launcher.has_gpu() else ""

    def _with_log(self, row: Row, reason: str) -> str:
        attempts = row.handle.attempt
        log = SimulationLog(self._launcher, row.handle.sim_id, attempts)
        tail = log.tail(_LOG_LINES_IN_REASON).text.rstrip()
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
        dataset_path(self._settings.datasets_dir, sha256).unlink(missing_ok=True)

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
            is_asked_again=row.is_asked_again,
            reason=row.reason,
            obstacle=row.obstacle,
            is_waiting=(self._run_dir(row.handle.sim_id) / WAITING).exists(),
            since_exit=datetime.now(UTC) - exited_at if exited_at else timedelta(0),
            over_limit=limits.exceeded(
                row.limits,
                row.used,
                observed.exit is not None and observed.exit.is_out_of_memory,
            ),
            interruptions=row.interruptions,
        )
