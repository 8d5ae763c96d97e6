"""64-bit fingerprints of rows and columns: equal for equal values, whatever number type they were stored as."""

from collections.abc import Iterator

import numpy as np

from nnt_datasets.disk import row_blocks

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def of_rows(features: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """For blocks of rows: the index of the first, and a fingerprint of each."""
    for first, rows in row_blocks(features):
        yield first, _mixed_values(rows, 0).sum(axis=1, dtype=np.uint64)


def of_columns(rows: np.ndarray, first_row: int) -> np.ndarray:
    """What a block of rows adds to the fingerprint of each column."""
    sums: np.ndarray = _mixed_values(rows.T, first_row).sum(axis=1, dtype=np.uint64)
    return sums


def _mixed_values(vectors: np.ndarray, first_place: int) -> np.ndarray:
    """(vectors, places): each value mixed with its place in its vector, so that their sum tells order too."""
    flat: np.ndarray = vectors.reshape(len(vectors), -1).astype(np.float32)
    bits = (flat + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0 is 0
    places = np.arange(first_place + 1, first_place + 1 + flat.shape[1], dtype=np.uint64)
    return _mixed(bits + _mixed(places * _GOLDEN))


def _mixed(values: np.ndarray) -> np.ndarray:
    """As SplitMix64 ends."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed
