"""What an attempt trains with, as it is recorded."""

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from nnt_contract.records import Environment
from nnt_contract.simulation_config import SimulationRun
from nnt_simulation import backends

# Those that decide which numbers come out; ours are there as far as they are installed.
_PACKAGES = ("h5py", "keras", "numpy")
_OURS = ("nnt-contract", "nnt-datasets", "nnt-simulation")
_CPU_INFO = Path("/proc/cpuinfo")


def environment(
    run: SimulationRun, first_epoch: int, threads: int, commit: str, split_sha256: str | None
) -> Environment:
    """Of this process, which trains from `first_epoch` on; `commit` is the platform's, empty if nobody said."""
    return Environment(
        epoch=first_epoch,
        python=platform.python_version(),
        backend=run.configuration.backend,
        packages=dict(_versions(run.configuration.backend)),
        platform_commit=commit or None,
        system=platform.platform(),
        host=platform.node(),
        cpu=_cpu(),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        gpus=tuple(backends.chosen().graphics_processors()),
        threads=threads,
        seed=run.seed,
        datasets={part: Path(path).name for part, path in run.datasets.items()},
        split_sha256=split_sha256,
    )


def _versions(backend: str) -> Iterator[tuple[str, str]]:
    for package in (*_PACKAGES, backend, *_OURS):
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue


def _cpu() -> str:
    """What its maker calls it, where the system says so; its architecture elsewhere."""
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()
