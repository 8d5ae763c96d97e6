"""Statistics and envelope of a variable, against NumPy on the whole of it."""

import math

import numpy as np
import pytest

from nnt_contract.updates import Array
from nnt_parser.weight_summary import HISTOGRAM_BINS, Summary, squared_distance, summarise

RANDOM = np.random.default_rng(7)


def summary(values: np.ndarray, variable: str = "kernel", piece: int = 7) -> Summary:
    array = Array(layer_index=0, layer_name="d", variable=variable, shape=values.shape)
    flat = values.astype(np.float32).ravel()
    return summarise(array, lambda: (flat[i : i + piece] for i in range(0, len(flat), piece)))


@pytest.mark.parametrize("shape", [(5, 3), (40, 30), (3, 3, 4, 8), (1000,), (513,), (1,)])
@pytest.mark.parametrize("piece", [1, 7, 64, 10**6])
def test_aggregates_are_those_of_the_whole_whatever_the_pieces(shape, piece):
    values = (RANDOM.standard_normal(shape) * 3 + 100).astype(np.float32)
    statistics = summary(values, piece=piece).statistics
    wide = values.astype(np.float64)
    assert statistics.mean == pytest.approx(wide.mean(), rel=1e-12)
    assert statistics.std == pytest.approx(wide.std(), rel=1e-9, abs=1e-12)
    assert (statistics.min, statistics.max) == (values.min(), values.max())
    assert statistics.l2 == pytest.approx(np.linalg.norm(wide), rel=1e-12)
    expected, _ = np.histogram(wide, bins=HISTOGRAM_BINS, range=(wide.min(), wide.max()))
    if values.size > 1:
        assert statistics.histogram == tuple(expected)
    assert sum(statistics.histogram) == values.size


def test_what_is_not_finite_is_counted_and_left_out():
    statistics = summary(np.array([1, math.nan, 3, math.inf, -math.inf, 0, math.nan])).statistics
    assert (statistics.nans, statistics.infinities, statistics.zeros) == (2, 2, 1)
    assert (statistics.min, statistics.max) == (0, 3)
    assert statistics.mean == pytest.approx(4 / 3)
    assert sum(statistics.histogram) == 3


def test_a_variable_without_a_finite_value_has_no_aggregates():
    result = summary(np.full(600, math.nan))
    assert (result.statistics.mean, result.statistics.max, result.statistics.nans) == (
        None,
        None,
        600,
    )
    assert sum(result.statistics.histogram) == 0
    assert np.isnan(result.envelope.minima).all() and np.isnan(result.envelope.maxima).all()


def test_equal_values_fall_into_one_bin():
    assert summary(np.full(10, 0.5)).statistics.histogram == (10, *[0] * (HISTOGRAM_BINS - 1))


@pytest.mark.parametrize("piece", [1, 5, 7, 100])
def test_duplicate_and_zero_units_of_a_kernel_are_counted(piece):
    kernel = RANDOM.standard_normal((9, 7)).astype(np.float32)
    kernel[:, 4] = kernel[:, 1]
    kernel[:, 6] = kernel[:, 1]
    kernel[:, 0] = 0
    statistics = summary(kernel, piece=piece).statistics
    assert (statistics.duplicate_units, statistics.zero_units) == (2, 1)


def test_units_of_a_convolution_are_its_filters():
    kernel = RANDOM.standard_normal((3, 3, 2, 4)).astype(np.float32)
    kernel[..., 3] = kernel[..., 0]
    assert summary(kernel).statistics.duplicate_units == 1


def test_only_kernels_have_units():
    statistics = summary(np.zeros(4), variable="bias").statistics
    assert (statistics.duplicate_units, statistics.zero_units) == (None, None)


@pytest.mark.parametrize("count", [1, 5, 511, 512, 513, 1024, 5000])
@pytest.mark.parametrize("piece", [3, 100, 10**6])
def test_the_envelope_encloses_every_bucket(count, piece):
    values = RANDOM.standard_normal(count).astype(np.float32)
    envelope = summary(values, "bias", piece).envelope
    buckets = [
        values[first : first + envelope.values_per_bucket]
        for first in range(0, count, envelope.values_per_bucket)
    ]
    assert len(buckets) <= 512
    np.testing.assert_array_equal(envelope.minima, [bucket.min() for bucket in buckets])
    np.testing.assert_array_equal(envelope.maxima, [bucket.max() for bucket in buckets])


def test_the_envelope_leaves_out_what_is_not_finite():
    values = np.array([1, math.nan, math.inf, -2], dtype=np.float32)
    envelope = summary(values, "bias").envelope
    np.testing.assert_array_equal(envelope.minima, [1, math.nan, math.nan, -2])


def test_a_distance_leaves_out_what_is_not_finite():
    one = np.array([1, math.nan, 3, math.inf], dtype=np.float32)
    other = np.array([0, 1, 1, math.inf], dtype=np.float32)
    assert squared_distance(one, other) == 5
