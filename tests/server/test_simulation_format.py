"""How numbers are written in a page."""

import math

import pytest

from nnt_server.simulations.templatetags.simulation_format import (
    about,
    duration,
    limits,
    memory,
    metric,
    percent,
    rate,
    seconds,
    share,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.97314, "0.9731"),
        (0.0, "0.0000"),
        (12.5, "12.5000"),
        (0.001, "0.0010"),
        (0.00012, "1.200e-04"),
        (1234567.0, "1.235e+06"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (None, "—"),
        ("", "—"),
    ],
)
def test_a_metric_is_written_so_that_it_says_something(value, written):
    assert metric(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 MiB"),
        (412 * 2**20, "412 MiB"),
        (9_999 * 2**20, "9,999 MiB"),
        (16 * 2**30, "16.0 GiB"),
    ],
)
def test_memory_is_written_in_the_unit_that_suits_it(value, written):
    assert memory(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0:00:00"), (59.9, "0:00:59"), (3_725, "1:02:05"), (3_600_000, "1,000:00:00")],
)
def test_a_duration_is_written_as_it_is_typed(seconds, written):
    assert duration(seconds) == written


def test_shares_are_percents_of_a_whole_that_is_not_nothing():
    assert share(1, 4) == percent(25.0) == "25\u202f%"
    assert share(0, 0) == "—"


@pytest.mark.parametrize("write", [memory, duration, percent])
@pytest.mark.parametrize("absent", [None, ""])
def test_what_is_absent_is_a_dash(write, absent):
    assert write(absent) == "—"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("", "none"),
        ({"memory_mb": None, "cpu_s": None, "wall_s": None}, "none"),
        (
            {"memory_mb": 2048, "cpu_s": None, "wall_s": 90},
            "2,048 MiB of memory, 0:01:30 of training time",
        ),
    ],
)
def test_limits_are_listed(given, written):
    assert limits(given) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0\u202fs"),
        (0.012345, "0.0123\u202fs"),
        (99.96, "100\u202fs"),
        (100.0, "0:01:40"),
        (None, "—"),
    ],
)
def test_short_times_are_written_in_seconds_and_long_ones_as_durations(value, written):
    assert seconds(value) == written


@pytest.mark.parametrize(
    ("left", "written"),
    [
        (0.0, "less than a minute"),
        (59.9, "less than a minute"),
        (100.0, "about 2 min"),
        (5_000.0, "about 83 min"),
        (5_400.0, "about 2 h"),
        (100_000.0, "about 28 h"),
        (130_000.0, "about 2 days"),
    ],
)
def test_the_time_that_is_left_is_said_as_roughly_as_it_is_known(left, written):
    assert about(left) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.001, "0.001"), (1e-7, "1e-07"), (0.0012345678, "0.001235"), (math.nan, "NaN"), (None, "—")],
)
def test_a_learning_rate_is_written_in_few_digits(value, written):
    assert rate(value) == written
