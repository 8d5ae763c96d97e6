"""The arrays of a collection in its file, read in pieces of any size, in any order."""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Self

import numpy as np

from nnt_contract.updates import Array, Collection
from nnt_parser.spool import Accepted
from nnt_parser.weight_summary import Values

_BYTES_PER_VALUE = 4


class Piece(NamedTuple):
    first: int  # position of its first value in the flattened variable, from 0
    values: Values


class FrameFile:
    """An open file that holds a frame, whose arrays begin at `start`; threads may read it at the same time."""

    @classmethod
    def of(cls, accepted: Accepted) -> Self:
        if not isinstance(accepted.update, Collection):
            raise TypeError(f"an update of kind {accepted.update.kind} has no arrays")
        return cls(accepted.file, accepted.payload_start, accepted.update)

    def __init__(self, file: BinaryIO, start: int, collection: Collection) -> None:
        self._file = file
        self.collection = collection
        self._starts: dict[tuple[int, str], int] = {}
        self._arrays: dict[tuple[int, str], Array] = {}
        for array in collection.arrays:
            self._starts[array.layer_index, array.variable] = start
            self._arrays[array.layer_index, array.variable] = array
            start += array.values * _BYTES_PER_VALUE

    def holds(self, array: Array) -> bool:
        """Whether it has this variable in the same shape."""
        own = self._arrays.get((array.layer_index, array.variable))
        return own is not None and own.shape == array.shape

    def read(self, array: Array, first: int, count: int) -> Values:
        """That many values of the variable, from position `first`."""
        start = self._starts[array.layer_index, array.variable] + first * _BYTES_PER_VALUE
        content = os.pread(self._file.fileno(), count * _BYTES_PER_VALUE, start)
        return np.frombuffer(content, dtype="<f4", count=count)

    def pieces(self, array: Array, size: int) -> Iterator[Piece]:
        """The whole variable, in pieces of `size` values; the last may be shorter."""
        for first in range(0, array.values, size):
            yield Piece(first, self.read(array, first, min(size, array.values - first)))
