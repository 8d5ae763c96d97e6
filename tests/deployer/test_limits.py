"""Whether a simulation uses more than it may."""

import pytest

from nnt_contract.simulation_config import Limits
from nnt_deployer.limits import Used, exceeded

MIB = 2**20


@pytest.mark.parametrize(
    ("limits", "used", "told"),
    [
        (Limits(), Used(10**15, 1e9, 1e9), ""),
        (Limits(memory_mb=100, cpu_s=60, wall_s=60), Used(100 * MIB, 60.0, 60.0), ""),
        (
            Limits(memory_mb=1024),
            Used(memory_bytes=2048 * MIB),
            "it used 2,048 MiB of memory, its limit is 1,024 MiB",
        ),
        (
            Limits(cpu_s=3600),
            Used(cpu_s=3725.4),
            "it used 1:02:05 (h:mm:ss) of processor time, its limit is 1:00:00",
        ),
        (
            Limits(wall_s=60),
            Used(wall_s=61.0),
            "it used 0:01:01 (h:mm:ss) of training time, its limit is 0:01:00",
        ),
    ],
)
def test_the_limit_and_what_was_used_are_named(limits, used, told):
    assert exceeded(limits, used) == told


def test_a_process_that_was_ended_for_want_of_memory_names_its_limit():
    told = exceeded(Limits(memory_mb=1024), Used(memory_bytes=MIB), is_out_of_memory=True)
    assert told == "it needed more memory than its limit of 1,024 MiB"
    assert exceeded(Limits(), Used(), is_out_of_memory=True) == ""


def test_all_limits_that_are_exceeded_are_named():
    told = exceeded(Limits(cpu_s=1, wall_s=1), Used(cpu_s=2.0, wall_s=3.0))
    assert "processor time" in told and "training time" in told
