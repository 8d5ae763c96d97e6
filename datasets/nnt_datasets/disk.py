"""Arrays that lie on disk, so that what is read needs little memory however large it is."""

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from nnt_datasets.errors import DatasetError
from nnt_datasets.limits import MIB, Means

# Small enough for the allocator to keep: giving pages back and getting them again takes longer than all else.
VALUES_AT_ONCE = 2**15


class Disk(ExitStack):
    """Room for the arrays of one dataset, in files without a name: they end with the last array that is mapped."""

    def __init__(self, means: Means) -> None:
        super().__init__()
        self.limits = means.limits
        self._folder = means.folder
        self._taken = 0

    def array(self, row_shape: tuple[int, ...], dtype: "np.typing.DTypeLike") -> "GrowingArray":
        file = self.enter_context(TemporaryFile(dir=self._folder))  # noqa: SIM115
        return GrowingArray(self, file, row_shape, np.dtype(dtype))

    def take(self, size: int) -> None:
        """Raises DatasetError where the dataset becomes too large."""
        self._taken += size
        if self._taken > self.limits.array_bytes:
            raise DatasetError(
                f"at most {self.limits.array_bytes / MIB:,.0f} MiB of features and labels",
                "more, unpacked",
            )


class GrowingArray:
    """An array to which rows are appended."""

    def __init__(
        self,
        disk: Disk,
        file: IO[bytes],
        row_shape: tuple[int, ...],
        dtype: "np.dtype[np.generic]",
    ) -> None:
        self._disk = disk
        self._file = file
        self._row_shape = row_shape
        self._dtype = dtype
        self._rows = 0

    def append(self, rows: np.ndarray) -> None:
        """Values beyond float32 become infinite."""
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(rows, self._dtype)
        self._disk.take(values.nbytes)
        self._file.write(values.data)
        self._rows += len(rows)

    def mapped(self) -> np.ndarray:
        """All rows, read from disk when they are used; there must be some. The kernel keeps what memory allows."""
        self._file.flush()
        return np.asarray(
            np.memmap(self._file, self._dtype, "r", shape=(self._rows, *self._row_shape))
        )


def row_blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of rows that fit into memory, each with the index of its first row."""
    rows = max(1, VALUES_AT_ONCE * len(array) // max(1, array.size))
    for first in range(0, len(array), rows):
        yield first, array[first : first + rows]
