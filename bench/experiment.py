"""One small training, as a program sends it to the product and as a user has it beside a script."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.up.settings import ROOT

_MODEL = ROOT / "tests" / "fixtures" / "appendix_d_model.json"
ROWS: Mapping[str, int] = {"train": 1200, "val": 300, "test": 300}


class Experiment(NamedTuple):
    """The model of Appendix D on random images; the rest of it is written in bench/programs/train.py too."""

    epochs: int
    model: bytes
    datasets: Mapping[str, bytes]  # .npz, by the part of the request

    @property
    def parts(self) -> dict[str, tuple[str, bytes]]:
        """Of POST /api/experiments: file name and content."""
        files = {part: (f"{part}.npz", content) for part, content in self.datasets.items()}
        return {
            "model": ("model.json", self.model),
            "config": ("config.json", json.dumps(self._configuration).encode()),
            **files,
        }

    def write(self, folder: Path) -> None:
        for name, content in self.parts.values():
            (folder / name).write_bytes(content)

    @property
    def _configuration(self) -> dict[str, object]:
        loss = {"loss_function": "SparseCategoricalCrossentropy", "conf": {"from_logits": True}}
        return {
            "name": "bench",
            "total_epochs": self.epochs,
            "optimizers": [{"optimizer": "adam"}],
            "loss_functions": [loss],
            "learning_rates": [0.001],
        }


def experiment(epochs: int) -> Experiment:
    random = np.random.default_rng(7)
    return Experiment(
        epochs,
        _MODEL.read_bytes(),
        {part: _npz(random, part, rows) for part, rows in ROWS.items()},
    )


def _npz(random: np.random.Generator, part: str, rows: int) -> bytes:
    features = random.random((rows, 28, 28), dtype=np.float32)
    labels = features.reshape(rows, -1)[:, :10].argmax(axis=1)
    file = io.BytesIO()
    np.savez(file, **{f"x_{part}": features, f"y_{part}": labels})
    return file.getvalue()
