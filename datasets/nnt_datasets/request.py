"""What an inspection is asked, as JSON, and what it answers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnt_contract.part import Part
from nnt_datasets.dataset import File, Keys
from nnt_datasets.limits import MIB, Limits, Means


@dataclass(frozen=True)
class Request:
    files: dict[Part, File]
    means: Means
    row_shape: tuple[int | None, ...] | None
    memory_mb: int
    cpu_s: int


def parsed(text: str) -> Request:
    """Raises ValueError, KeyError or TypeError: whoever asks is a program of ours."""
    asked = json.loads(text)
    label_column = str(asked["label_column"])
    shape = asked.get("row_shape")
    return Request(
        files={part: _file(one, label_column) for part, one in asked["files"].items()},
        means=Means(
            Limits(int(asked["array_mb"] * MIB), int(asked["whole_mb"] * MIB)),
            Path(asked["folder"]),
        ),
        row_shape=None if shape is None else tuple(shape),
        memory_mb=int(asked["memory_mb"]),
        cpu_s=int(asked["cpu_s"]),
    )


def _file(asked: dict[str, Any], label_column: str) -> File:
    keys = Keys(asked["features"], asked["labels"], label_column)
    return File(Path(asked["path"]), keys, asked.get("name", ""))
