"""One attempt at a simulation: from its run folder to its exit code."""

import logging
import traceback
from threading import Event

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED, EXIT_STOPPED, OUTBOX, RUN_FILE
from nnt_contract.records import Record
from nnt_contract.simulation_config import SimulationRun
from nnt_contract.updates import Failure, Finish
from nnt_simulation import backends
from nnt_simulation.errors import SimulationError, explain
from nnt_simulation.outbox import Outbox
from nnt_simulation.quick_import import quick_import
from nnt_simulation.reporter import Reporter, parser_client
from nnt_simulation.settings import SimulationSettings
from nnt_simulation.stop_requests import AtOnce

_log = logging.getLogger(__name__)

_MIB = 2**20
_MAX_ERROR_CHARACTERS = 20_000


def attempt(settings: SimulationSettings, stop: Event, at_once: AtOnce | None = None) -> int:
    """Trains, reports, and returns how it ended. Only what prevents reporting is raised.

    `stop` ends it after the epoch; `at_once`, set before `stop` is, within it.
    """
    folder = settings.run_dir
    run = SimulationRun.model_validate_json((folder / RUN_FILE).read_bytes())
    outbox = Outbox(folder / OUTBOX, settings.outbox_max_files, settings.outbox_max_mb * _MIB)
    with parser_client(settings) as client, Reporter(outbox, client, settings, stop) as reporter:
        try:
            return _train_and_tell(run, settings, reporter, stop, at_once or AtOnce())
        except Exception as error:  # whatever it is, its owner is told
            _log_failure(error)
            text = explain(error)[:_MAX_ERROR_CHARACTERS]
            reporter.end(Failure(sim_id=run.id, attempt=run.attempt, error=text))
            return EXIT_FAILED


def _train_and_tell(
    run: SimulationRun,
    settings: SimulationSettings,
    reporter: Reporter,
    stop: Event,
    at_once: AtOnce,
) -> int:
    records = _train(run, settings, reporter, stop, at_once)
    if records is None:
        _log.info("stopped as asked")
        reporter.flush()
        return EXIT_STOPPED
    reporter.end(Finish(sim_id=run.id, attempt=run.attempt, records=records))
    reporter.raise_refusal()
    _log.info("finished")
    return EXIT_FINISHED


def _train(
    run: SimulationRun,
    settings: SimulationSettings,
    reporter: Reporter,
    stop: Event,
    at_once: AtOnce,
) -> tuple[Record, ...] | None:
    if stop.is_set():
        return None
    backends.choose(run.configuration.backend)
    # Here, so that a Keras that cannot be imported is told too, and what the outbox holds is delivered meanwhile.
    with quick_import():
        from nnt_simulation.run import train

    return train(run, settings, reporter, stop, at_once)


def _log_failure(error: Exception) -> None:
    if not isinstance(error, SimulationError):
        traceback.print_exception(error)
    _log.error("failed: %s", explain(error))
