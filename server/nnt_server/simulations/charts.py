"""What the charts of a page are given."""

from collections.abc import Sequence
from typing import Any

from nnt_contract.message import number_to_json
from nnt_server.simulations.selectors import EpochValues

_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def as_columns(values: Sequence[EpochValues]) -> dict[str, list[Any]]:
    """One list per column; null is absent, and "NaN", "Infinity", "-Infinity" are what JSON has no number for."""
    return {
        "epoch": [row.epoch for row in values],
        "time": [row.time.isoformat() for row in values],
        **{metric: [_json(getattr(row, metric)) for row in values] for metric in _METRICS},
    }


def _json(value: float | None) -> float | str | None:
    return None if value is None else number_to_json(value)
