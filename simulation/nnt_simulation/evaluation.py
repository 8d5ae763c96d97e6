"""What the trained network makes of the test data."""

import logging
from collections.abc import Iterator

import keras

from nnt_contract import catalogue
from nnt_contract.records import Evaluation
from nnt_contract.simulation_config import Configuration
from nnt_simulation import recurrent_states
from nnt_simulation.answering import Answering
from nnt_simulation.answers import Batch, Tables, tabulate
from nnt_simulation.batches import Batches
from nnt_simulation.callbacks.leave_epoch import LeaveEpoch, StoppedAtOnce
from nnt_simulation.datasets import Dataset
from nnt_simulation.errors import explain
from nnt_simulation.rows import all_of

_log = logging.getLogger(__name__)

_NO_DATA = "There is no test data."
_FAILED = "The network could not be evaluated on the test data: {why}"
_NO_CLASSES = "The labels are not all {expected}, so they tell no classes apart."


def evaluate(
    model: keras.Model,
    configuration: Configuration,
    test: Dataset | None,
    leave: LeaveEpoch,
    has_classes: bool,
) -> Evaluation:
    """After the last epoch, a batch in memory at a time; raises StoppedAtOnce, and nothing else.

    `has_classes` is what nnt_simulation.class_labels says of the labels.
    """
    if test is None or not len(test.features):
        return _nothing(configuration, _NO_DATA)
    try:
        return _measured(model, configuration, test, leave, has_classes)
    except StoppedAtOnce:
        raise
    except Exception as error:  # the training is complete, whatever the test data are
        remark = _FAILED.format(why=explain(error))
        _log.exception("%s", remark)
        return _nothing(configuration, remark)


def _nothing(configuration: Configuration, why: str) -> Evaluation:
    last = configuration.total_epochs - 1
    return Evaluation(epoch=last, rows=0, metrics={}, remarks=(why,))


def _measured(
    model: keras.Model,
    configuration: Configuration,
    test: Dataset,
    leave: LeaveEpoch,
    has_classes: bool,
) -> Evaluation:
    batches = Batches(all_of(test), configuration.batch_size)
    recurrent_states.forget(model)  # as in the model that its owner loads
    metrics = model.evaluate(batches, verbose=0, callbacks=[leave], return_dict=True)
    answered = _answered(model, batches, leave)
    return Evaluation(
        epoch=configuration.total_epochs - 1,
        rows=len(test.features),
        metrics={name: float(value) for name, value in metrics.items()},
        **_tables(answered, model, configuration, has_classes)._asdict(),
    )


def _tables(
    answered: Iterator[Batch], model: keras.Model, configuration: Configuration, has_classes: bool
) -> Tables:
    chosen = configuration.loss_function
    loss = catalogue.loss_function(chosen.name)
    if loss.is_for_classes and not has_classes:
        expected = "0 or 1, or -1 or 1" if loss.predictions == "scores" else "0 or 1"
        return Tables(remarks=(_NO_CLASSES.format(expected=expected),))
    return tabulate(
        answered,
        loss,
        logits=bool(chosen.conf.get("from_logits", False)),
        ignored=getattr(model.loss, "ignore_class", None),
    )


def _answered(model: keras.Model, batches: Batches, leave: LeaveEpoch) -> Iterator[Batch]:
    recurrent_states.forget(model)
    answering = Answering(model)
    for index in range(len(batches)):
        leave.raise_if_told()
        features, labels = batches[index]
        yield Batch(labels, *answering.predict_on_batch(features))
