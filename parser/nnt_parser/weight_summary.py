"""Pure: statistics and envelope of one variable, from its values in pieces, so that no variable is held whole."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nnt_contract.updates import Array

_F = TypeVar("_F", np.float32, np.float64)
Values = npt.NDArray[np.float32]
Pieces = Callable[[], Iterator[Values]]  # reads the variable again, from its first value, in pieces

HISTOGRAM_BINS = 64
ENVELOPE_BUCKETS = 512


@dataclass(frozen=True)
class Statistics:
    """Aggregates are of finite values, in float64; None where there is no finite value."""

    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    l2: float | None
    zeros: int
    nans: int
    infinities: int
    # Units of a kernel (its last axis) that equal an earlier one bit for bit, and those that are all zero.
    duplicate_units: int | None
    zero_units: int | None
    # Equally wide bins from min to max.
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Envelope:
    """Minima and maxima of at most 512 buckets of consecutive values; NaN where a bucket has no finite value."""

    values_per_bucket: int
    minima: Values
    maxima: Values


@dataclass(frozen=True)
class Summary:
    statistics: Statistics
    envelope: Envelope


def summarise(array: Array, pieces: Pieces) -> Summary:
    """Reads the variable twice: its histogram needs to know its range."""
    moments = _Moments()
    units = _Units(array.shape[-1]) if _is_kernel(array) else None
    envelope = _EnvelopeBuilder(array.values)
    for values in pieces():
        finite = _finite(values)
        moments.add(values, finite)
        envelope.add(values, all_finite=len(finite) == len(values))
        if units is not None:
            units.add(values)
    histogram = np.zeros(HISTOGRAM_BINS, dtype=np.int64)
    if moments.count:
        for values in pieces():
            histogram += _histogram(_finite(values), moments.low, moments.high)
    statistics = Statistics(
        **moments.results(),
        zeros=moments.zeros,
        nans=moments.nans,
        infinities=moments.infinities,
        duplicate_units=units.duplicates if units is not None else None,
        zero_units=units.zeros if units is not None else None,
        histogram=tuple(histogram.tolist()),
    )
    return Summary(statistics, envelope.result())


def squared_distance(one: Values, other: Values) -> float:
    """The sum of squares of the differences that are finite."""
    with np.errstate(invalid="ignore"):  # of two equal infinities
        difference = _finite(one.astype(np.float64) - other)
    return _sum_of_squares(difference)


def _sum_of_squares(values: npt.NDArray[np.float64]) -> float:
    # Not values @ values: BLAS shares a sum as short as this among threads, which then wait for each other in a loop.
    return float(np.einsum("i,i->", values, values))


class _Moments:
    """Mean and variance are merged piece by piece (Chan, Golub and LeVeque 1979), so that large ones stay exact."""

    def __init__(self) -> None:
        self.count = 0
        self.zeros = 0
        self.nans = 0
        self.infinities = 0
        self.low = math.inf
        self.high = -math.inf
        self._mean = 0.0
        self._squared_deviations = 0.0
        self._squares = 0.0

    def add(self, values: Values, finite: Values) -> None:
        if len(finite) < len(values):
            nans = int(np.count_nonzero(np.isnan(values)))
            self.nans += nans
            self.infinities += len(values) - len(finite) - nans
        if not len(finite):
            return
        self.zeros += len(finite) - int(np.count_nonzero(finite))
        self.low = min(self.low, float(finite.min()))
        self.high = max(self.high, float(finite.max()))
        wide = finite.astype(np.float64)
        self._squares += _sum_of_squares(wide)
        mean = float(wide.mean())
        wide -= mean
        count = self.count + len(finite)
        difference = mean - self._mean
        self._squared_deviations += (
            _sum_of_squares(wide) + difference**2 * self.count * len(finite) / count
        )
        self._mean += difference * len(finite) / count
        self.count = count

    def results(self) -> dict[str, float | None]:
        if not self.count:
            return dict.fromkeys(("mean", "std", "min", "max", "l2"))
        return {
            "mean": self._mean,
            "std": math.sqrt(self._squared_deviations / self.count),
            "min": self.low,
            "max": self.high,
            "l2": math.sqrt(self._squares),
        }


class _Units:
    """Compares the units of a kernel by a 64-bit hash of each, since none of them is ever held whole.

    A unit's hash is a sum, over its values, of their mixed bits times a random number of their row. Two different
    units have the same with a probability of about 2**-64.
    """

    def __init__(self, units: int) -> None:
        self._units = units
        self._hashes = np.zeros(units, dtype=np.uint64)
        self._is_zero = np.ones(units, dtype=bool)
        self._seen = 0  # values so far
        self._random = np.random.default_rng(0)  # its numbers need only be unknown to training
        self._row = self._next_rows(1)

    @property
    def duplicates(self) -> int:
        return self._units - len(np.unique(self._hashes))

    @property
    def zeros(self) -> int:
        return int(np.count_nonzero(self._is_zero))

    def add(self, values: Values) -> None:
        """Takes the next values; a piece may begin and end within a row."""
        head = min(-self._seen % self._units, len(values))
        if head:
            self._add_rows(values[:head].reshape(1, -1), self._seen % self._units, self._row)
        rest = values[head:]
        rows = len(rest) // self._units
        if rows:
            self._add_rows(rest[: rows * self._units].reshape(rows, -1), 0, self._next_rows(rows))
        tail = rest[rows * self._units :]
        if len(tail):
            self._row = self._next_rows(1)
            self._add_rows(tail.reshape(1, -1), 0, self._row)
        self._seen += len(values)

    def _add_rows(self, rows: Values, first_unit: int, factors: npt.NDArray[np.uint64]) -> None:
        where = slice(first_unit, first_unit + rows.shape[1])
        bits = np.ascontiguousarray(rows).view(np.uint32).astype(np.uint64)
        bits *= np.uint64(0x9E3779B97F4A7C15)
        bits ^= bits >> np.uint64(32)
        bits *= factors[:, None]
        self._hashes[where] += bits.sum(axis=0, dtype=np.uint64)
        self._is_zero[where] &= ~rows.any(axis=0)

    def _next_rows(self, count: int) -> npt.NDArray[np.uint64]:
        numbers = self._random.integers(2**63, size=count, dtype=np.uint64)
        return numbers * np.uint64(2) + np.uint64(1)  # odd ones lose no bit


class _EnvelopeBuilder:
    def __init__(self, values: int) -> None:
        self._size = max(1, -(-values // ENVELOPE_BUCKETS))
        buckets = -(-values // self._size)
        self._minima = np.full(buckets, np.inf, dtype=np.float32)
        self._maxima = np.full(buckets, -np.inf, dtype=np.float32)
        self._seen = 0

    def add(self, values: Values, all_finite: bool) -> None:
        first = self._seen // self._size
        borders = np.arange(first * self._size, self._seen + len(values), self._size) - self._seen
        borders[0] = 0
        where = slice(first, first + len(borders))
        finite = None if all_finite else np.isfinite(values)
        lowest = values if finite is None else np.where(finite, values, np.float32(np.inf))
        highest = values if finite is None else np.where(finite, values, np.float32(-np.inf))
        np.minimum(
            self._minima[where], np.minimum.reduceat(lowest, borders), out=self._minima[where]
        )
        np.maximum(
            self._maxima[where], np.maximum.reduceat(highest, borders), out=self._maxima[where]
        )
        self._seen += len(values)

    def result(self) -> Envelope:
        empty = self._minima > self._maxima
        minima = np.where(empty, np.float32(np.nan), self._minima)
        maxima = np.where(empty, np.float32(np.nan), self._maxima)
        return Envelope(self._size, minima, maxima)


def _histogram(values: Values, low: float, high: float) -> npt.NDArray[np.int64]:
    if low == high:
        return np.bincount([0], weights=[len(values)], minlength=HISTOGRAM_BINS).astype(np.int64)
    scaled = (values.astype(np.float64) - low) * (HISTOGRAM_BINS / (high - low))
    bins = np.minimum(scaled.astype(np.intp), HISTOGRAM_BINS - 1)
    return np.bincount(bins, minlength=HISTOGRAM_BINS).astype(np.int64)


def _finite(values: npt.NDArray[_F]) -> npt.NDArray[_F]:
    """The finite values among these; the array itself, uncopied, where all are."""
    # One sum is cheaper than a look at each, and in float64 no sum of finite float32 overflows.
    with np.errstate(invalid="ignore"):
        total = values.sum(dtype=np.float64)
    if math.isfinite(total):
        return values
    return values[np.isfinite(values)]


def _is_kernel(array: Array) -> bool:
    return array.variable.endswith("kernel") and len(array.shape) >= 2 and array.values > 0
