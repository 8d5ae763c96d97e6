"""The whole training."""

import logging
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import keras

from nnt_contract import catalogue
from nnt_contract.environment import CHECKPOINT, MODEL
from nnt_contract.part import Part, named
from nnt_contract.records import Record
from nnt_contract.simulation_config import SimulationRun
from nnt_simulation import (
    choices,
    datasets,
    metrics,
    models,
    suitability,
    trained_model,
    vocabulary,
)
from nnt_simulation.batches import Batches
from nnt_simulation.callbacks.leave_epoch import LeaveEpoch, StoppedAtOnce
from nnt_simulation.callbacks.order_data import OrderData
from nnt_simulation.callbacks.print_progress import PrintProgress
from nnt_simulation.callbacks.record_epochs import RecordEpochs
from nnt_simulation.callbacks.report_epochs import ReportEpochs
from nnt_simulation.callbacks.seed_epoch import SeedEpoch
from nnt_simulation.callbacks.stop_on_request import StopOnRequest
from nnt_simulation.callbacks.write_checkpoint import Stateful, WriteCheckpoint
from nnt_simulation.checkpoint import Checkpoints
from nnt_simulation.class_labels import are_classes
from nnt_simulation.datasets import Dataset
from nnt_simulation.determinism import make_deterministic
from nnt_simulation.evaluation import evaluate
from nnt_simulation.records import environment
from nnt_simulation.reporter import Reporter
from nnt_simulation.settings import SimulationSettings
from nnt_simulation.split import Split, split
from nnt_simulation.stop_requests import AtOnce
from nnt_simulation.training_state import TrainingState
from nnt_simulation.writer import Writer

_log = logging.getLogger(__name__)


def train(
    run: SimulationRun,
    settings: SimulationSettings,
    reporter: Reporter,
    stop: Event,
    at_once: AtOnce,
) -> tuple[Record, ...] | None:
    """Trains from the last checkpoint, or the beginning, to the last epoch, saves and evaluates what came of it.

    Returns the records that are to be told at the end; None if it was stopped before.
    """
    choices.check(run.configuration)
    loss = catalogue.loss_function(run.configuration.loss_function.name)
    files = datasets.load(run, settings.run_dir)
    checkpoints = Checkpoints(settings.run_dir / CHECKPOINT)
    saved = checkpoints.newest()
    threads = saved.header.threads if saved else run.threads
    make_deterministic(run.seed, threads)
    model = models.build(run.model, files["train"].features.shape[1:])
    data = datasets.shaped(files, model.input_shape[1:])
    data = datasets.labelled(data, model.output_shape[1:], loss)
    has_classes = are_classes([labels for _, labels in data.values()], loss)
    _compile(model, run, data, has_classes)
    rows = split(run, data)
    _check_batches(model, run, rows, data)
    leave = LeaveEpoch(at_once)
    with Writer() as writer:
        recorded = RecordEpochs()
        report = ReportEpochs(run, reporter, writer, recorded)
        stateful: dict[str, Stateful] = {"record_epochs": recorded, "report_epochs": report}
        checkpoint = WriteCheckpoint(checkpoints, threads, TrainingState(model), stateful, writer)
        first_epoch = checkpoint.resume(saved)
        recorded.begin(environment(run, first_epoch, threads, settings.commit, rows.sha256))
        _log.info("%s", _summary(run, data, model, first_epoch))
        if stop.is_set():
            return None
        ours = [recorded, report, checkpoint, StopOnRequest(stop)]
        try:
            next_epoch = _fit(run, rows, model, first_epoch, leave, ours)
            if next_epoch < run.configuration.total_epochs:
                return None
            result = _result(run, data, model, settings.run_dir, leave, has_classes)
            return (*recorded.take(), *result)
        except StoppedAtOnce:
            writer.catch_up()
            return None


def _fit(
    run: SimulationRun,
    rows: Split,
    model: keras.Model,
    first_epoch: int,
    leave: LeaveEpoch,
    callbacks: list[keras.callbacks.Callback],
) -> int:
    """Trains until the end or a request to stop; returns the epoch that would come next."""
    configuration = run.configuration
    batches = Batches(rows.train, configuration.batch_size, run.seed)
    validation = rows.validation and Batches(rows.validation, configuration.batch_size)
    progress = PrintProgress(configuration.total_epochs)
    history = model.fit(
        batches,
        initial_epoch=first_epoch,
        epochs=configuration.total_epochs,
        validation_data=validation,
        shuffle=False,  # Batches has the order
        verbose=0,
        callbacks=[leave, OrderData(batches), SeedEpoch(run.seed), progress, *callbacks],
    )
    return first_epoch + len(history.epoch)


def _result(
    run: SimulationRun,
    data: Mapping[Part, Dataset],
    model: keras.Model,
    folder: Path,
    leave: LeaveEpoch,
    has_classes: bool,
) -> tuple[Record, ...]:
    """Of what was just trained, or was by a process that died before it said so."""
    # Saved first: what was trained is not to be lost with what it is measured by.
    saved = trained_model.save(model, folder / MODEL, run.configuration.total_epochs - 1)
    evaluation = evaluate(model, run.configuration, data.get("test"), leave, has_classes)
    values = ", ".join(f"{name} {value:.4g}" for name, value in evaluation.metrics.items())
    remarks = " ".join(evaluation.remarks)
    _log.info("test data: %s", " ".join(filter(None, (values, remarks))))
    return evaluation, saved


def _compile(
    model: keras.Model, run: SimulationRun, data: Mapping[Part, Dataset], has_classes: bool
) -> None:
    loss = models.compile_for(model, run.configuration, has_classes)
    ignored = getattr(loss, "ignore_class", None)
    for part, (features, labels) in data.items():
        name = named(part)
        suitability.check_labels(name, labels, model.output_shape[1:], type(loss).__name__, ignored)
        vocabulary.check(model, name, features)
    metrics.check(run.configuration, data["train"].labels, model.output_shape[1:])


def _check_batches(
    model: keras.Model, run: SimulationRun, rows: Split, data: Mapping[Part, Dataset]
) -> None:
    counts = {"train": len(rows.train), "validation": len(rows.validation or ())}
    counts |= {"test": len(data["test"].features)} if "test" in data else {}
    named_counts = {named(part): count for part, count in counts.items()}
    suitability.check_batches(model.input_shape[0], run.configuration.batch_size, named_counts)


def _summary(
    run: SimulationRun, data: Mapping[Part, Dataset], model: keras.Model, first_epoch: int
) -> str:
    rows = ", ".join(
        f"{len(dataset.labels)} rows of {named(part).lower()}" for part, dataset in data.items()
    )
    beginning = f"going on after epoch {first_epoch}" if first_epoch else "beginning"
    return (
        f"simulation {run.id}, attempt {run.attempt}: {beginning}; "
        f"{model.count_params()} parameters, {rows}"
    )
