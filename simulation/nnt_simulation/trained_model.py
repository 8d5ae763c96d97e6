"""The file that has the trained network, for its owner to load."""

import hashlib
from pathlib import Path

import keras

from nnt_contract.records import TrainedModel
from nnt_simulation.durable import durable_path


def save(model: keras.Model, path: Path, epoch: int) -> TrainedModel:
    """Returns when it is on disk, under that name; after `epoch`, its last."""
    # Without the metrics, which are ours: whoever has Keras and nothing else is to load it, and may train it further.
    model.compile(optimizer=model.optimizer, loss=model.loss)
    with durable_path(path) as unfinished:
        model.save(unfinished)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return TrainedModel(epoch=epoch, bytes=path.stat().st_size, sha256=sha256)
