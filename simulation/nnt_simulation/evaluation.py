"""What the trained network makes of the test data."""

from collections.abc import Iterator

import keras
import numpy as np

from nnt_contract import catalogue
from nnt_contract.records import Evaluation
from nnt_contract.simulation_config import Configuration
from nnt_simulation.answers import Batch, tabulate
from nnt_simulation.batches import Batches
from nnt_simulation.callbacks.leave_epoch import LeaveEpoch
from nnt_simulation.datasets import Dataset
from nnt_simulation.rows import all_of

_NO_DATA = "There is no test data."


def evaluate(
    model: keras.Model, configuration: Configuration, test: Dataset | None, leave: LeaveEpoch
) -> Evaluation:
    """After the last epoch, a batch in memory at a time; raises StoppedAtOnce."""
    last = configuration.total_epochs - 1
    if test is None or not len(test.features):
        return Evaluation(epoch=last, rows=0, metrics={}, remarks=(_NO_DATA,))
    batches = Batches(all_of(test), configuration.batch_size)
    metrics = model.evaluate(batches, verbose=0, callbacks=[leave], return_dict=True)
    loss = configuration.loss_function
    tables = tabulate(
        _answered(model, batches, leave),
        catalogue.loss_function(loss.name),
        logits=bool(loss.conf.get("from_logits", False)),
        ignored=getattr(model.loss, "ignore_class", None),
    )
    return Evaluation(
        epoch=last,
        rows=len(test.features),
        metrics={name: float(value) for name, value in metrics.items()},
        **tables._asdict(),
    )


def _answered(model: keras.Model, batches: Batches, leave: LeaveEpoch) -> Iterator[Batch]:
    for index in range(len(batches)):
        leave.raise_if_told()
        features, labels = batches[index]
        yield labels, np.asarray(model.predict_on_batch(features))
