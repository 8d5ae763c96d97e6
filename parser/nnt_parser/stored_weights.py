"""The variables of a collection that is in the database, read back row by row."""

from typing import Any
from uuid import UUID

import numpy as np

from nnt_contract.updates import Array
from nnt_parser.ingest import VALUES_PER_ROW
from nnt_parser.weight_summary import Values

_SHAPES = """
SELECT layer_index, variable, shape FROM weights
WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s AND first_index = 1
"""

_ROW = """
SELECT weight FROM weights
WHERE sim_id = %(sim_id)s AND epoch = %(epoch)s
  AND layer_index = %(layer_index)s AND variable = %(variable)s AND first_index = %(first_index)s
"""


class StoredWeights:
    """Holds one row of at most VALUES_PER_ROW values at a time; `read` never crosses from one row to the next."""

    def __init__(self, cursor: Any, sim_id: UUID, epoch: int) -> None:
        self._cursor = cursor
        self._key = {"sim_id": sim_id, "epoch": epoch}
        cursor.execute(_SHAPES, self._key)
        self._shapes = {
            (layer, variable): tuple(shape) for layer, variable, shape in cursor.fetchall()
        }
        self._row: tuple[object, Values] | None = None

    def holds(self, array: Array) -> bool:
        return self._shapes.get((array.layer_index, array.variable)) == array.shape

    def read(self, array: Array, first: int, count: int) -> Values:
        row, offset = divmod(first, VALUES_PER_ROW)
        return self._values_of(array, row * VALUES_PER_ROW + 1)[offset : offset + count]

    def _values_of(self, array: Array, first_index: int) -> Values:
        key = {
            "layer_index": array.layer_index,
            "variable": array.variable,
            "first_index": first_index,
        }
        if self._row is None or self._row[0] != key:
            self._cursor.execute(_ROW, self._key | key)
            [(weight,)] = self._cursor.fetchall()
            self._row = key, np.array(weight, dtype=np.float32)
        return self._row[1]
