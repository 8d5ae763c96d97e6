"""How numbers are written in a page."""

import math

import pytest

from nnt_server.simulations.templatetags.simulation_format import metric


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
