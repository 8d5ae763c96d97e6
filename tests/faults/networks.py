"""Small networks of every kind that has something to lose in an interruption, and data for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits

from nnt_contract.simulation_config import Configuration, KerasChoice, NpzKeys

EPOCHS = 12
_CLASSES = 10
_BATCH_SIZE = 4  # many small steps: an epoch lasts long enough to be interrupted in it
_KEYS = NpzKeys(features="x", labels="y")
_PARTS = {"train": slice(0, 900), "validation": slice(900, 1100), "test": slice(1100, 1300)}


class Network(NamedTuple):
    layers: list[tuple[str, dict[str, Any]]]  # class and arguments, without the output
    optimizer: KerasChoice

    @property
    def model(self) -> dict[str, Any]:
        """As Keras JSON, written here because Keras would take seconds to be imported."""
        layers = [*self.layers, ("Dense", {"units": _CLASSES})]
        described = [
            {"class_name": name, "config": {"name": f"layer_{position}", **arguments}}
            for position, (name, arguments) in enumerate(layers)
        ]
        return {"class_name": "Sequential", "config": {"name": "network", "layers": described}}

    @property
    def configuration(self) -> Configuration:
        return Configuration(
            total_epochs=EPOCHS,
            batch_size=_BATCH_SIZE,
            learning_rate=0.001,
            optimizer=self.optimizer,
            loss_function=KerasChoice(
                name="SparseCategoricalCrossentropy", conf={"from_logits": True}
            ),
            train=_KEYS,
            validation=_KEYS,
            test=_KEYS,
        )


# By what they are fed with.
NETWORKS: Mapping[str, Network] = {
    "images": Network(
        [
            ("Reshape", {"target_shape": [28, 28, 1]}),
            ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 3}),
            ("BatchNormalization", {}),
            ("Flatten", {}),
            ("Dense", {"units": 24, "activation": "relu"}),
            ("Dropout", {"rate": 0.5}),
        ],
        KerasChoice(name="rmsprop", conf={"momentum": 0.5, "centered": True}),
    ),
    "words": Network(
        [
            ("Embedding", {"input_dim": 17, "output_dim": 6}),
            ("Reshape", {"target_shape": [4, 96]}),
            ("LSTM", {"units": 8, "dropout": 0.2, "recurrent_dropout": 0.2}),
        ],
        KerasChoice(name="adam", conf={"amsgrad": True}),
    ),
}


def datasets(folder: Path, kind: str) -> dict[str, Path]:
    """part -> file: scikit-learn's digits as images of 28x28, or each as 64 words out of 17."""
    digits = load_digits()
    if kind == "images":
        enlarged = np.kron(digits.images / 16, np.ones((1, 3, 3)))
        features = np.pad(enlarged, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    else:
        features = digits.data.astype(np.int32)
    files = {}
    for part, rows in _PARTS.items():
        files[part] = folder / f"{kind}-{part}.npz"
        np.savez(files[part], x=features[rows], y=digits.target[rows])
    return files
