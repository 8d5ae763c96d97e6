"""Pure: from the row of a simulation or an inspection to the process to start and the files it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from nnt_contract import environment, tokens
from nnt_contract.part import Part
from nnt_contract.simulation_config import Configuration, SimulationRun
from nnt_contract.tokens import RunToken
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.launchers.base import Handle, ProcessSpec

# Of the inspection of a model, in its run folder.
MODEL_FILE = "model.json"
ANSWER_FILE = "answer.json"

_NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}  # who did not ask for one takes it from nobody
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # whoever has more cannot give its network away


@dataclass(frozen=True)
class Simulation:
    """What the database holds about a simulation that is to be started."""

    id: UUID
    attempt: int
    model: Mapping[str, Any]
    configuration: Mapping[str, Any]
    dataset_hashes: Mapping[Part, str]
    seed: int
    threads: int


def simulation_run(simulation: Simulation, datasets_dir: Path) -> SimulationRun:
    """The content of the run file."""
    return SimulationRun(
        id=simulation.id,
        attempt=simulation.attempt,
        model=dict(simulation.model),
        configuration=Configuration.model_validate(simulation.configuration),
        datasets={
            part: str(dataset_path(datasets_dir, sha256))
            for part, sha256 in simulation.dataset_hashes.items()
        },
        seed=simulation.seed,
        threads=simulation.threads,
    )


def process_spec(
    handle: Handle,
    run: SimulationRun,
    python: str,
    run_dir: Path,
    parser_url: str,
    token_secret: str,
    passed_on: Mapping[str, str],
) -> ProcessSpec:
    """The training process, with nothing of the deployer's own environment."""
    token = tokens.mint(token_secret, RunToken(handle.sim_id, handle.attempt))
    return ProcessSpec(
        handle=handle,
        command=(python, "-m", "nnt_simulation"),
        environment={
            **_surroundings(python, run_dir),
            **({} if run.configuration.gpu else _NO_GPU),
            **passed_on,
            environment.RUN_DIR: str(run_dir),
            environment.PARSER_URL: parser_url,
            environment.RUN_TOKEN: token,
        },
        run_dir=str(run_dir),
        reads=tuple(sorted(set(run.datasets.values()))),
        memory_mb=run.configuration.limits.memory_mb,
        threads=run.threads,
        gpu=run.configuration.gpu,
    )


def model_inspection(
    handle: Handle, backend: str, python: str, run_dir: Path, memory_mb: int, cpu_s: int
) -> ProcessSpec:
    """The process that answers what a model is made of: it knows nobody and nothing."""
    options = ("--backend", backend, "--memory-mb", str(memory_mb), "--cpu-s", str(cpu_s))
    files = (str(run_dir / MODEL_FILE), "--to", str(run_dir / ANSWER_FILE))
    return ProcessSpec(
        handle=handle,
        command=(python, "-m", "nnt_simulation", "inspect", *files, *options),
        environment=_surroundings(python, run_dir) | _NO_GPU | _ONE_THREAD,
        run_dir=str(run_dir),
        memory_mb=memory_mb,
        network=False,
    )


def _surroundings(python: str, run_dir: Path) -> dict[str, str]:
    return {
        "PATH": str(Path(python).parent) + ":/usr/local/bin:/usr/bin:/bin",
        "HOME": str(run_dir),
        "LANG": "C.UTF-8",
    }
