"""The file that has the trained network, for its owner to load."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
from keras.src.api_export import get_name_from_symbol, register_internal_serializable
from keras.src.saving.serialization_lib import SerializableDict

from nnt_contract.records import TrainedModel
from nnt_simulation.durable import durable_path


def save(model: keras.Model, path: Path, epoch: int) -> TrainedModel:
    """Returns when it is on disk, under that name; after `epoch`, its last."""
    _name_as_everywhere(type(model.optimizer))
    with durable_path(path) as unfinished, _without_metrics(model):
        model.save(unfinished)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return TrainedModel(epoch=epoch, bytes=path.stat().st_size, sha256=sha256)


@contextmanager
def _without_metrics(model: keras.Model) -> Iterator[None]:
    """They are ours: whoever has Keras and nothing else is to load the model, and may train it further."""
    compiled = model._compile_config
    # Not compiled anew, which would have what it computes with traced again: seconds of a large model.
    model._compile_config = SerializableDict(**{**compiled.config, "metrics": None})
    try:
        yield
    finally:
        model._compile_config = compiled


def _name_as_everywhere(optimizer: type) -> None:
    """For some backends Keras has optimizers of its own, and would write names that mean nothing to the others."""
    if get_name_from_symbol(optimizer) is None:
        named = filter(None, map(get_name_from_symbol, optimizer.__mro__))
        register_internal_serializable(next(named), optimizer)
