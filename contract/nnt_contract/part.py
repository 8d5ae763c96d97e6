"""The parts of an experiment's data, and what they are called."""

from typing import Literal, get_args

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


def named(part: str) -> str:
    """As it begins a sentence."""
    return "Training data" if part == "train" else f"{part.capitalize()} data"
