"""Small models, data and run folders to train on."""

import json
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import keras
import numpy as np

from nnt_contract.environment import OUTBOX, RUN_FILE
from nnt_contract.simulation_config import Configuration, KerasChoice, NpzKeys, SimulationRun
from nnt_simulation.attempt import attempt
from nnt_simulation.settings import SimulationSettings

SIM = UUID("34a30c0d-c59e-4f0a-9918-3460d3b9e5e4")
KEYS = NpzKeys(features="x", labels="y")
ROWS, INPUTS, CLASSES = 50, 6, 3


def data(rows: int = ROWS) -> dict[str, np.ndarray]:
    """Something that can be learnt: the class is the largest of the first three features."""
    features = np.random.default_rng(1).normal(size=(rows, INPUTS))
    return {"x": features, "y": features[:, :CLASSES].argmax(axis=1)}


def model_json(
    *layers: Any, inputs: tuple[int, ...] = (INPUTS,), batch_size: int | None = None
) -> dict[str, Any]:
    return json_of(keras.Sequential([keras.Input(inputs, batch_size), *layers]))


def json_of(model: keras.Model) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(model.to_json())
    return parsed


def dense_json() -> dict[str, Any]:
    return model_json(keras.layers.Dense(CLASSES, name="out"))


def make_run(folder: Path, **changes: Any) -> SimulationRun:
    """A run folder of a tiny simulation; what differs from the usual is given by name."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = changes.pop("data", None) or data()
    np.savez(folder / "data.npz", **arrays)
    parts = changes.pop("parts", ("train",))
    model, attempt_number = changes.pop("model", None) or dense_json(), changes.pop("attempt", 1)
    usual: dict[str, Any] = {
        "total_epochs": 3,
        "batch_size": 16,
        "learning_rate": 0.01,
        "optimizer": KerasChoice(name="adam"),
        "loss_function": KerasChoice(
            name="SparseCategoricalCrossentropy", conf={"from_logits": True}
        ),
        "train": KEYS,
        "validation": KEYS,
        "test": KEYS,
        "backend": keras.backend.backend(),
    }
    run = SimulationRun(
        id=SIM,
        attempt=attempt_number,
        model=model,
        configuration=Configuration(**(usual | changes)),
        datasets={part: str(folder / "data.npz") for part in parts},
        seed=7,
        threads=1,
    )
    (folder / RUN_FILE).write_text(run.model_dump_json())
    return run


def settings_for(folder: Path, parser_url: str, **changes: Any) -> SimulationSettings:
    usual: dict[str, Any] = {
        "run_dir": folder,
        "parser_url": parser_url,
        "run_token": "the-token",
        "flush_s": 20,
    }
    return SimulationSettings(**(usual | changes))


def run_attempt(folder: Path, parser_url: str, stop: Event | None = None, **settings: Any) -> int:
    return attempt(settings_for(folder, parser_url, **settings), stop or Event())


def outbox_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / OUTBOX).iterdir())
