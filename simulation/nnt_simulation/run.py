"""The whole training."""

import logging
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import keras

from nnt_contract.environment import CHECKPOINT
from nnt_contract.simulation_config import Part, SimulationRun
from nnt_simulation import datasets, metrics, models, suitability
from nnt_simulation.batches import Batches
from nnt_simulation.callbacks.leave_epoch import LeaveEpoch, StoppedAtOnce
from nnt_simulation.callbacks.order_data import OrderData
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.callbacks.report_epochs import ReportEpochs
from nnt_simulation.callbacks.stop_on_request import StopOnRequest
from nnt_simulation.callbacks.write_checkpoint import WriteCheckpoint
from nnt_simulation.checkpoint import Checkpoints
from nnt_simulation.datasets import Dataset
from nnt_simulation.determinism import make_deterministic
from nnt_simulation.reporter import Reporter
from nnt_simulation.stop_requests import AtOnce
from nnt_simulation.training_state import TrainingState
from nnt_simulation.writer import Writer

_log = logging.getLogger(__name__)


def train(
    run: SimulationRun, folder: Path, reporter: Reporter, stop: Event, at_once: AtOnce
) -> bool:
    """Trains from the last checkpoint, or the beginning, to the last epoch; False if it was stopped before."""
    data = datasets.load(run)
    checkpoints = Checkpoints(folder / CHECKPOINT)
    saved = checkpoints.newest()
    threads = saved.header.threads if saved else run.threads
    make_deterministic(run.seed, threads)
    model = _model_for(run, data)
    with Writer() as writer:
        report = ReportEpochs(run, reporter, writer)
        checkpoint = WriteCheckpoint(
            checkpoints, threads, TrainingState(model), {"report_epochs": report}, writer
        )
        first_epoch = checkpoint.resume(saved)
        _log.info("%s", _summary(run, data, model, first_epoch))
        if stop.is_set():
            return False
        ours = [report, checkpoint, StopOnRequest(stop)]
        try:
            next_epoch = _fit(run, data, model, first_epoch, LeaveEpoch(at_once), ours)
        except StoppedAtOnce:
            writer.catch_up()
            return False
    return next_epoch == run.configuration.total_epochs


def _fit(
    run: SimulationRun,
    data: Mapping[Part, Dataset],
    model: keras.Model,
    first_epoch: int,
    leave: LeaveEpoch,
    callbacks: list[keras.callbacks.Callback],
) -> int:
    """Trains until the end or a request to stop; returns the epoch that would come next."""
    configuration = run.configuration
    batches = Batches(data["train"], configuration.batch_size, run.seed)
    progress = PrintProgress(configuration.total_epochs)
    history = model.fit(
        batches,
        initial_epoch=first_epoch,
        epochs=configuration.total_epochs,
        validation_data=data.get("validation"),
        validation_batch_size=configuration.batch_size,
        shuffle=False,  # Batches has the order
        verbose=0,
        callbacks=[leave, OrderData(batches), progress, *callbacks],
    )
    return first_epoch + len(history.epoch)


def _model_for(run: SimulationRun, data: Mapping[Part, Dataset]) -> keras.Model:
    model = models.build(run.model, data["train"].features.shape[1:])
    loss = models.compile_for(model, run.configuration)
    ignored = getattr(loss, "ignore_class", None)
    for part, (features, labels) in data.items():
        name = datasets.named(part)
        suitability.check_features(name, features.shape[1:], model.input_shape[1:])
        suitability.check_labels(name, labels, model.output_shape[1:], type(loss).__name__, ignored)
    metrics.check(run.configuration, loss, data["train"].labels, model.output_shape[1:])
    return model


def _summary(
    run: SimulationRun, data: Mapping[Part, Dataset], model: keras.Model, first_epoch: int
) -> str:
    rows = ", ".join(
        f"{len(dataset.labels)} rows of {datasets.named(part).lower()}"
        for part, dataset in data.items()
    )
    beginning = f"going on after epoch {first_epoch}" if first_epoch else "beginning"
    return (
        f"simulation {run.id}, attempt {run.attempt}: {beginning}; "
        f"{model.count_params()} parameters, {rows}"
    )
