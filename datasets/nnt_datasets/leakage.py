"""Rows that occur in more than one part: what is tested on was trained on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nnt_contract.part import Part
from nnt_datasets import fingerprints
from nnt_datasets.dataset import Dataset

_FINGERPRINTS_AT_ONCE = 2**23
_EXAMPLES = 5


@dataclass(frozen=True)
class Leak:
    """Rows of `part` whose features also occur in `other`; their labels may be others."""

    part: Part
    other: Part
    rows: int
    of: int  # rows that `part` has
    examples: tuple[int, ...]  # some of these rows, counted from 1


def leaks(datasets: Mapping[Part, Dataset]) -> list[Leak]:
    """Of each pair of parts with rows of as many values. Needs memory for 2²³ fingerprints at a time."""
    found = (
        _leak(other, datasets[other].features, part, datasets[part].features)
        for other, part in combinations(datasets, 2)
    )
    return [leak for leak in found if leak]


def _leak(other: Part, others: np.ndarray, part: Part, rows: np.ndarray) -> Leak | None:
    if others[0].size != rows[0].size:
        return None
    examples: list[int] = []
    count = 0
    shares = -(-len(others) // _FINGERPRINTS_AT_ONCE)
    for share in range(shares):
        known = np.unique(np.concatenate([kept for _, kept in _share(others, share, shares)]))
        if not known.size:
            continue
        for indices, kept in _share(rows, share, shares):
            nearest = np.minimum(np.searchsorted(known, kept), len(known) - 1)
            found = indices[known[nearest] == kept]
            count += len(found)
            examples.extend(found[: _EXAMPLES - len(examples)].tolist())
    examples = [index + 1 for index in examples]
    return Leak(part, other, count, len(rows), tuple(examples)) if count else None


def _share(
    features: np.ndarray, share: int, shares: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every row belongs to one of the shares: indices and fingerprints of those of this one."""
    for first, prints in fingerprints.of_rows(features):
        of_share = np.flatnonzero(prints % np.uint64(shares) == np.uint64(share))
        yield first + of_share, prints[of_share]
