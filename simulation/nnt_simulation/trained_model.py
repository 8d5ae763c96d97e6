"""The file that has the trained network, for its owner to load."""

import hashlib
from pathlib import Path

import keras
from keras.src.api_export import get_name_from_symbol, register_internal_serializable

from nnt_contract.records import TrainedModel
from nnt_simulation.durable import durable_path


def save(model: keras.Model, path: Path, epoch: int) -> TrainedModel:
    """Returns when it is on disk, under that name; after `epoch`, its last."""
    # Without the metrics, which are ours: whoever has Keras and nothing else is to load it, and may train it further.
    model.compile(optimizer=model.optimizer, loss=model.loss)
    _name_as_everywhere(type(model.optimizer))
    with durable_path(path) as unfinished:
        model.save(unfinished)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return TrainedModel(epoch=epoch, bytes=path.stat().st_size, sha256=sha256)


def _name_as_everywhere(optimizer: type) -> None:
    """For some backends Keras has optimizers of its own, and would write names that mean nothing to the others."""
    if get_name_from_symbol(optimizer) is None:
        named = filter(None, map(get_name_from_symbol, optimizer.__mro__))
        register_internal_serializable(next(named), optimizer)
