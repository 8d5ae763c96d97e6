"""64-bit fingerprints of rows and columns: equal for equal values, whatever number type they are kept as.

A value that float32 holds goes in as that, and a whole number that it does not hold as its own 64 bits.
"""

from collections.abc import Iterator

import numpy as np

from nnt_datasets.disk import row_blocks

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_FLOAT32_HOLDS = 2**24  # and all whole numbers below


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
    flat = vectors.reshape(len(vectors), -1)
    bits = (flat.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0 is 0
    if flat.dtype.kind in "iu" and flat.dtype.itemsize > 2:
        bits = _with_long_ones(bits, flat)
    places = np.arange(first_place + 1, first_place + 1 + flat.shape[1], dtype=np.uint64)
    return _mixed(bits + _mixed(places * _GOLDEN))


def _with_long_ones(bits: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The bits of whole numbers, with those that float32 would round replaced by ones of their own."""
    if -_FLOAT32_HOLDS <= int(whole.min(initial=0)) <= int(whole.max(initial=0)) <= _FLOAT32_HOLDS:
        return bits
    wide = whole.astype(np.uint64 if whole.dtype.kind == "u" else np.int64)
    sizes = np.where(wide < 0, np.negative(wide), wide).astype(np.uint64)  # also of the least one
    # Without the zeros that its bits end in, a number that float32 holds is a short one.
    ends = np.maximum(sizes & (~sizes + np.uint64(1)), np.uint64(1))
    is_long = sizes // ends > np.uint64(_FLOAT32_HOLDS)
    own = np.where(wide < 0, ~_mixed(sizes), _mixed(sizes))
    chosen: np.ndarray = np.where(is_long, own, bits)
    return chosen


def _mixed(values: np.ndarray) -> np.ndarray:
    """As SplitMix64 ends."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed
