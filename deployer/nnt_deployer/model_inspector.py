"""Takes the inspection of a model from step to step: what the Celery task does, and the loop while Redis is away."""

import json
import logging
import shutil
import time
from datetime import timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

from nnt_contract.errors import ContractError
from nnt_contract.model_report import MAX_ANSWER_BYTES, Answer, ModelReport, parse_answer
from nnt_deployer import process_spec, strange_folder
from nnt_deployer.errors import InspectionFailed, LaunchFailed, NotReady, in_words
from nnt_deployer.launchers import launcher_from
from nnt_deployer.launchers.base import Exit, Launcher, State
from nnt_deployer.model_inspection_store import Inspection, ModelInspectionStore
from nnt_deployer.process_spec import ANSWER_FILE, MODEL_FILE
from nnt_deployer.settings import DeployerSettings
from nnt_service.away import DATABASE_AWAY

_log = logging.getLogger(__name__)

_POLL_S = 0.03
_PLACES = 2  # each takes a processor and half a gigabyte for a few seconds
_MAX_STARTS = 3
_LOG_BYTES = 4096
_LOG_LINES = 8
_MAX_CHARACTERS = 4000  # of a problem


class Progress(Enum):
    IDLE = "idle"  # there is nothing to do now
    UNDER_WAY = "under way"
    ENDED = "ended"  # by this very step, well or not


class ModelInspector:
    """Each step may be another process's: all that is known of an inspection is in its row and in its process."""

    def __init__(
        self,
        settings: DeployerSettings,
        store: ModelInspectionStore,
        launcher: Launcher | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._launcher = launcher or launcher_from(settings)

    def due(self) -> list[str]:
        return self._store.due(_PLACES)

    def waiting(self, inspection_id: str) -> list[UUID]:
        """The simulations that go on, or fail, when it has ended."""
        return self._store.waiting(inspection_id)

    def advance(self, inspection_id: str, patience_s: float = 0) -> Progress:
        """The next step, which waits for nothing, and those of so many seconds; none where somebody else is at it."""
        last = time.monotonic() + patience_s
        with self._store.exclusive(inspection_id) as mine:
            progress = self._advance(inspection_id) if mine else Progress.IDLE
            while progress is Progress.UNDER_WAY and time.monotonic() < last:
                time.sleep(_POLL_S)
                progress = self._advance(inspection_id)
        return progress

    def _advance(self, inspection_id: str) -> Progress:
        """Its owner sees why there is no answer; without that it would be tried for ever."""
        inspection = self._store.open(inspection_id)
        if inspection is None:
            return Progress.IDLE
        if not inspection.is_begun and not self._store.begin(inspection.id, _PLACES):
            return Progress.IDLE
        try:
            return self._step_or_end(inspection)
        except DATABASE_AWAY:
            raise
        except NotReady as error:
            _log.info("the inspection %s waits: %s", inspection.id, error)
            return Progress.IDLE
        except Exception as error:
            self._failed(inspection, f"The platform has trouble with it ({in_words(error)}).")
            raise

    def _step_or_end(self, inspection: Inspection) -> Progress:
        try:
            return self._step(inspection)
        except (InspectionFailed, LaunchFailed) as error:
            self._clear_away(inspection)
            return self._failed(inspection, str(error))

    def _step(self, inspection: Inspection) -> Progress:
        seen = self._launcher.observe([inspection.handle])[inspection.handle]
        if seen.state is State.GONE:
            return self._start(inspection)
        if seen.exit is None:
            return self._wait(inspection)
        if seen.exit.is_lost:
            self._clear_away(inspection)
            return Progress.UNDER_WAY
        return self._end(inspection, seen.exit)

    def _start(self, inspection: Inspection) -> Progress:
        if inspection.starts == _MAX_STARTS:
            raise InspectionFailed(
                f"The process that inspected the model was lost {_MAX_STARTS} times."
            )
        _log.info("inspecting the model %s", inspection.id)
        self._store.note_start(inspection.id)
        run_dir = self._run_dir(inspection)
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with strange_folder.opened(run_dir) as folder:
            folder.remove(ANSWER_FILE)
            folder.write(MODEL_FILE, json.dumps(self._store.model(inspection.id)))
        spec = process_spec.model_inspection(
            inspection.handle,
            inspection.backend,
            self._launcher.python,
            run_dir,
            self._settings.model_inspection_memory_mb,
            self._settings.model_inspection_s,
        )
        self._launcher.start(spec)
        return Progress.UNDER_WAY

    def _wait(self, inspection: Inspection) -> Progress:
        limit = self._settings.model_inspection_s
        if inspection.running_for <= timedelta(seconds=limit):
            return Progress.UNDER_WAY
        self._launcher.kill(inspection.handle)
        raise InspectionFailed(f"The model could not be inspected within {limit} s.")

    def _end(self, inspection: Inspection, exit: Exit) -> Progress:
        """Whoever is killed before the end is written down only makes somebody else inspect the model once more."""
        answer = self._answer(inspection)
        wrong = self._account_of(inspection, exit) if answer is None else answer.problem
        self._clear_away(inspection)
        report = answer if isinstance(answer, ModelReport) else None
        if wrong or report is None:
            return self._failed(inspection, wrong, report)
        self._store.finish(inspection.id, report)
        return Progress.ENDED

    def _answer(self, inspection: Inspection) -> Answer | None:
        """None where there is none; raises InspectionFailed where it is none of ours."""
        try:
            with strange_folder.opened(self._run_dir(inspection)) as folder:
                file = folder.open(ANSWER_FILE)
        except strange_folder.NO_FOLDER:
            return None
        if file is None:
            return None
        with file:
            text = file.read(MAX_ANSWER_BYTES + 1)
        if len(text) > MAX_ANSWER_BYTES:
            raise InspectionFailed("The inspection of the model answered with more than is taken.")
        try:
            return parse_answer(text)
        except ContractError as error:
            raise InspectionFailed(str(error)) from error

    def _account_of(self, inspection: Inspection, exit: Exit) -> str:
        """Of a process that ended without an answer."""
        if exit.is_out_of_memory:
            limit = self._settings.model_inspection_memory_mb
            return f"The model could not be inspected within {limit} MiB of memory."
        how = f"exit code {exit.code}" if exit.signal is None else f"signal {exit.signal}"
        size = self._launcher.log_size(inspection.handle)
        tail = self._launcher.read_log(inspection.handle, max(0, size - _LOG_BYTES), _LOG_BYTES)
        said = "\n".join(tail.decode(errors="replace").splitlines()[-_LOG_LINES:])
        return f"The inspection of the model ended without an answer ({how}).\n{said}".rstrip()

    def _failed(
        self, inspection: Inspection, problem: str, report: ModelReport | None = None
    ) -> Progress:
        _log.info("the inspection %s failed: %s", inspection.id, problem)
        self._store.fail(inspection.id, problem[:_MAX_CHARACTERS], report)
        return Progress.ENDED

    def _clear_away(self, inspection: Inspection) -> None:
        """Its process too, unless that lives on, and is somebody's to end who ends strays."""
        handle = inspection.handle
        if not self._launcher.observe([handle])[handle].is_there:
            self._launcher.remove(handle)
        shutil.rmtree(self._run_dir(inspection), ignore_errors=True)

    def _run_dir(self, inspection: Inspection) -> Path:
        return self._settings.model_inspections_dir / inspection.id
