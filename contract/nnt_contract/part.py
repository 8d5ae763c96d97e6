"""The parts of an experiment's data, and what they are called."""

from typing import Literal, get_args

from nnt_contract.printable import shown

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
POOLED: tuple[Part, ...] = ("train", "validation")  # for folds


def named(part: str, file: str = "") -> str:
    """As it begins a sentence: `Training data (cats.csv)`; `file` is what its owner calls it."""
    name = "Training data" if part == "train" else f"{part.capitalize()} data"
    return f"{name} ({shown(file)})" if file else name
