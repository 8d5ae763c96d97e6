"""What a container is made of, and what Docker's words about one mean."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from nnt_deployer.launchers.base import Exit, Handle, ProcessSpec
from nnt_deployer.launchers.docker_container import Surroundings, exit_of, gpu_request, options

ENDED = datetime(2026, 5, 4, 10, 0, 0, 500_000, UTC)
BEFORE, AFTER = ENDED - timedelta(milliseconds=400), ENDED + timedelta(milliseconds=400)
RESTARTED = "Docker or the machine was restarted"


def end(code: int, engine_started: datetime | None, is_out_of_memory: bool = False) -> Exit:
    told = {
        "FinishedAt": "2026-05-04T12:00:00.500000000+02:00",
        "ExitCode": code,
        "OOMKilled": is_out_of_memory,
    }
    return exit_of(told, engine_started)


@pytest.mark.parametrize(
    ("code", "engine_started", "expected"),
    [
        (0, BEFORE, Exit(code=0, at=ENDED)),
        (0, AFTER, Exit(code=0, at=ENDED)),
        (65, AFTER, Exit(code=65, at=ENDED)),
        (137, BEFORE, Exit(signal=9, at=ENDED)),
        (137, None, Exit(signal=9, at=ENDED)),
        (137, AFTER, Exit(at=ENDED, lost_with=RESTARTED)),
        (143, BEFORE, Exit(signal=15, at=ENDED)),
        (143, AFTER, Exit(at=ENDED, lost_with=RESTARTED)),
        (139, AFTER, Exit(signal=11, at=ENDED)),
        (255, BEFORE, Exit(code=255, at=ENDED)),
        (255, None, Exit(at=ENDED, lost_with=RESTARTED)),
        (255, AFTER, Exit(at=ENDED, lost_with=RESTARTED)),
    ],
)
def test_an_end_is_the_processs_own_or_that_of_an_engine_that_was_started_later(
    code, engine_started, expected
):
    assert end(code, engine_started) == expected


def test_a_kill_for_want_of_memory_stays_one_when_the_engine_is_restarted():
    assert end(137, AFTER, is_out_of_memory=True).is_out_of_memory


CDI = {"Source": "cdi", "ID": "nvidia.com/gpu=all"}


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ({"Runtimes": {"runc": {}}}, None),
        ({"Runtimes": {"runc": {}}, "DiscoveredDevices": None, "CDISpecDirs": ["/etc/cdi"]}, None),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "vendor.com/net=0"}]}, None),
        (
            {"Runtimes": {"runc": {}, "nvidia": {}}},
            {"Driver": "", "Count": -1, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}},
        ),
        (
            {"Runtimes": {"runc": {}}, "DiscoveredDevices": [CDI]},
            {
                "Driver": "cdi",
                "Count": 0,
                "DeviceIDs": ["nvidia.com/gpu=all"],
                "Capabilities": [],
                "Options": {},
            },
        ),
    ],
)
def test_graphics_processors_are_asked_for_as_the_engine_has_them(engine, expected):
    assert gpu_request(engine) == expected


def test_limits_of_a_container_are_those_of_its_simulation():
    spec = ProcessSpec(Handle(UUID(int=1), 1), ("python",), {}, "/run", memory_mb=512, threads=3)
    made = options(spec, Surroundings("image", (1, 1), Path("/log"), "none", {}, None))
    assert made["mem_limit"] == made["memswap_limit"] == "512m"
    assert made["cpu_quota"] / made["cpu_period"] == 4
    assert made["device_requests"] is None
