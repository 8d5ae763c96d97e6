"""What the deployer writes when it has inspected an experiment's data."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from nnt_server.simulations.models import DataInspection, Simulation

PROBLEM = "Training data, line 2, column 'a': expected a number, received 'cat'."
LEAK = "Test data: 5 of 100 rows have the same features as a row of the training data (rows 1, 2, 3, 4, 5)."


def classes(
    *rows: int,
    names: tuple[str, ...] = (),
    declared: int | None = None,
    kind: str = "",
    values: Sequence[int] = range(1000),
) -> dict[str, Any]:
    counted = [
        {"value": value, "name": names[value] if names else "", "rows": count}
        for value, count in zip(values, rows, strict=False)
    ]
    numbers = "class numbers" if len(rows) > 2 else "binary"
    return _labels(kind or numbers, classes=counted, class_count=declared or len(rows))


def real(minimum: float, maximum: float, mean: float) -> dict[str, Any]:
    return _labels("real", minimum=minimum, maximum=maximum, mean=mean)


def part(labels: dict[str, Any], shape: tuple[int, ...] = (28, 28), **more: Any) -> dict[str, Any]:
    rows = sum(one["rows"] for one in labels["classes"]) or 100
    features = {"constant_count": 0, "constant": [], "duplicate_count": 0, "duplicate": []}
    return {
        "format": "npz",
        "rows": rows,
        "feature_shape": list(shape),
        "columns": [],
        "label_column": "",
        "labels": labels,
        "features": features | more.pop("features", {}),
        "not_finite": 0,
        "first_not_finite": None,
        **more,
    }


def report(*problems: str, **parts: dict[str, Any]) -> dict[str, Any]:
    return {"parts": parts, "leaks": [], "problems": list(problems)}


def waits_for_inspection(simulation: Simulation, **columns: Any) -> None:
    """The row that the server writes with the simulation, and what the deployer has added."""
    DataInspection.objects.create(experiment=simulation.experiment, **columns)


def is_inspected(simulation: Simulation, found: dict[str, Any]) -> None:
    now = timezone.now()
    DataInspection.objects.update_or_create(
        experiment=simulation.experiment,
        defaults={"started_at": now, "finished_at": now, "report": found},
    )


def is_refused(simulation: Simulation, problem: str = PROBLEM) -> None:
    now = timezone.now()
    DataInspection.objects.update_or_create(
        experiment=simulation.experiment,
        defaults={"started_at": now, "failed_at": now, "problem": problem},
    )


def _labels(kind: str, **found: Any) -> dict[str, Any]:
    absent = dict.fromkeys(("minimum", "maximum", "mean", "are_whole"))
    return {"kind": kind, "shape": [], "class_count": 0, "classes": [], **absent, **found}
