"""Pure: what a simulation's container is made of, and what Docker's words about one mean."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from nnt_deployer.launchers import shim
from nnt_deployer.launchers.base import Exit, ProcessSpec, State

STATES: Mapping[str, State] = {
    "running": State.ALIVE,
    "restarting": State.ALIVE,
    "paused": State.PAUSED,
    "exited": State.EXITED,
    "dead": State.EXITED,
    # "created" is not here: whoever made it was killed before starting it, and nothing runs yet.
}
# Docker forgets what a container printed together with the container.
_LOG_FOLDER = "/nnt-log"
_PRINTING_TO_A_FILE = ("sh", "-c", f'exec "$@" >> {_LOG_FOLDER}/{shim.LOG} 2>&1', "simulation")
_MAX_PROCESSES = 1024
_MIB = 2**20
_CPU_PERIOD_US = 100_000
_REPORTING_CPUS = 1  # beside the threads that compute: for the one that reports meanwhile
# When the machine runs out of memory, the kernel is to take a training rather than the database.
_FIRST_TO_KILL = 500
_NOBODY = "127.0.0.1"  # the container itself, where no name server runs
_ALL_CDI_GPUS = "nvidia.com/gpu=all"

_KILLED_BY = 128  # plus the number of the signal
# How containers end when Docker or the machine is restarted: Docker asks them, and kills them ten seconds later; those
# that were gone before it could do either it finds without a trace.
_WITHOUT_A_TRACE = 255
_ENDED_WITH_DOCKER = (
    _KILLED_BY + signal.SIGTERM,
    _KILLED_BY + signal.SIGKILL,
    _WITHOUT_A_TRACE,
)
_LOST_WITH = "Docker or the machine was restarted"


@dataclass(frozen=True)
class Surroundings:
    """What a container is given besides what its process asks for."""

    image: str
    user: tuple[int, int]  # uid and gid
    log_folder: Path
    network: str
    labels: Mapping[str, str]
    gpu: DeviceRequest | None


def options(spec: ProcessSpec, around: Surroundings) -> dict[str, Any]:
    """The arguments of docker.containers.create; what is not needed to train is taken away."""
    memory = f"{spec.memory_mb}m" if spec.memory_mb else None
    uid, gid = around.user
    return {
        "image": around.image,
        "command": [*_PRINTING_TO_A_FILE, *spec.command],
        "name": spec.handle.name,
        "labels": dict(around.labels),
        "environment": dict(spec.environment),
        "working_dir": spec.run_dir,
        "mounts": [
            _mount(str(around.log_folder), _LOG_FOLDER),
            _mount(spec.run_dir),
            *(_mount(path, read_only=True) for path in spec.reads),
            Mount("/tmp", None, type="tmpfs", tmpfs_size=64 * _MIB),  # the container's
        ],
        "network": around.network,
        "dns": [_NOBODY],  # or Docker would ask the host's for any name, and let data out so
        "dns_opt": ["timeout:1", "attempts:2"],  # and so that a missing parser is missed at once
        "hostname": "simulation",
        "ipc_mode": "private",
        "user": f"{uid}:{gid}",
        "init": True,  # passes signals on, and reaps what the training leaves behind
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": _MAX_PROCESSES,
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
        "mem_limit": memory,
        "memswap_limit": memory,
        "oom_score_adj": _FIRST_TO_KILL,
        "cpu_period": _CPU_PERIOD_US,
        "cpu_quota": (spec.threads + _REPORTING_CPUS) * _CPU_PERIOD_US,
        "device_requests": [around.gpu] if around.gpu else None,
        "log_config": LogConfig(type="none"),
    }


def gpu_request(engine: Mapping[str, Any]) -> DeviceRequest | None:
    """How to ask an engine for its graphics processors, by what it tells about itself; None where it has none."""
    if "nvidia" in engine.get("Runtimes", {}):
        return DeviceRequest(count=-1, capabilities=[["gpu"]])
    discovered = engine.get("DiscoveredDevices") or []
    if _ALL_CDI_GPUS in (device["ID"] for device in discovered):
        return DeviceRequest(driver="cdi", device_ids=[_ALL_CDI_GPUS])
    return None


def exit_of(state: Mapping[str, Any], engine_started: datetime | None) -> Exit:
    """How a container ended.

    Docker writes down the same of one that somebody killed and of one that it ended because it was itself restarted:
    `engine_started`, where that is known, tells them apart.
    """
    at, code = moment(state["FinishedAt"]), state["ExitCode"]
    is_out_of_memory = bool(state["OOMKilled"])
    is_before = at < engine_started if engine_started else code == _WITHOUT_A_TRACE
    if code in _ENDED_WITH_DOCKER and is_before and not is_out_of_memory:
        return Exit(at=at, lost_with=_LOST_WITH)
    if code - _KILLED_BY in set(signal.Signals):
        return Exit(signal=code - _KILLED_BY, at=at, is_out_of_memory=is_out_of_memory)
    return Exit(code=code, at=at, is_out_of_memory=is_out_of_memory)


def moment(told: str) -> datetime:
    """A time as Docker tells it, in whatever zone."""
    return datetime.fromisoformat(told)


def _mount(source: str, target: str | None = None, read_only: bool = False) -> Mount:
    return Mount(target or source, source, type="bind", read_only=read_only)
