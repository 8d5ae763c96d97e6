"""Run folders, and trainings in processes of their own."""

import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.memory import peak_of
from bench.services import ATTEMPT, Services
from nnt_contract.environment import PARSER_URL, RUN_DIR, RUN_FILE, RUN_TOKEN
from nnt_contract.simulation_config import Configuration, KerasChoice, NpzKeys, SimulationRun
from scripts.up.settings import ROOT

_LOOK_S = 0.02
_KEYS = NpzKeys(features="x", labels="y")


def make_run(
    services: Services,
    model: dict[str, Any],
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    epochs: int,
) -> Path:
    """A run folder as the deployer makes it, of a simulation that the database knows."""
    sim_id = services.make_simulation(expected_collections=epochs)
    folder = services.folder / "runs" / str(sim_id)
    folder.mkdir(parents=True)
    np.savez(folder / "train.npz", x=features, y=labels)
    run = SimulationRun(
        id=sim_id,
        attempt=ATTEMPT,
        model=model,
        configuration=Configuration(
            total_epochs=epochs,
            learning_rate=0.001,
            optimizer=KerasChoice(name="adam"),
            loss_function=KerasChoice(
                name="SparseCategoricalCrossentropy", conf={"from_logits": True}
            ),
            train=_KEYS,
            validation=_KEYS,
            test=_KEYS,
        ),
        datasets={"train": str(folder / "train.npz")},
        seed=7,
        threads=1,  # as the deployer has it unless told otherwise
    )
    (folder / RUN_FILE).write_text(run.model_dump_json())
    return folder


class Training:
    """A program that trains what is in a run folder, from its start to its end."""

    def __init__(self, program: str, services: Services, folder: Path) -> None:
        ours = {
            RUN_DIR: str(folder),
            PARSER_URL: services.parser_url,
            RUN_TOKEN: services.token(uuid.UUID(folder.name)),
        }
        self.peak = 0
        process = subprocess.Popen(
            [sys.executable, "-m", program],
            env={**services.environment, **ours},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            while process.poll() is None:
                self.peak = peak_of(process.pid) or self.peak
                time.sleep(_LOOK_S)
            self._said = process.communicate()[0]
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise RuntimeError(f"{program} ended with {process.returncode}:\n{self._said[-2000:]}")

    @property
    def figures(self) -> dict[str, float]:
        """What a program of this benchmark says in its last line."""
        said: dict[str, float] = json.loads(self._said.splitlines()[-1])
        return said
