"""What the deployer writes when it has inspected a model."""

import json
from typing import Any

from django.utils import timezone

from nnt_server.simulations import model_inspections
from nnt_server.simulations.models import Experiment, ModelInspection, Simulation
from tests.conftest import ROOT

# A Bidirectional around two LSTMs, and a Dense.
REPORT: dict[str, Any] = json.loads((ROOT / "contract/examples/model_report.json").read_text())
PROBLEM = "The model cannot be built in Dense 'out': Received an invalid value for `units`."


def waits_for_its_model(simulation: Simulation, **columns: Any) -> ModelInspection:
    """The row that the server writes with the simulation, and what the deployer has added."""
    inspection = model_inspections.ask(simulation.model, "tensorflow")
    Experiment.objects.filter(id=simulation.experiment_id).update(model_inspection=inspection)
    ModelInspection.objects.filter(id=inspection.id).update(**columns)
    return inspection


def begins() -> None:
    ModelInspection.objects.update(started_at=timezone.now())


def is_found(report: dict[str, Any] | None = None) -> None:
    now = timezone.now()
    ModelInspection.objects.update(started_at=now, finished_at=now, report=report or REPORT)


def is_refused(problem: str = PROBLEM, report: dict[str, Any] | None = None) -> None:
    now = timezone.now()
    ModelInspection.objects.update(started_at=now, failed_at=now, problem=problem, report=report)
