"""What the API takes and gives, besides the contract's messages."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from ninja.params.functions import Query
from pydantic import ConfigDict, Field, StringConstraints

from nnt_contract.data_report import DataReport
from nnt_contract.message import number_to_json
from nnt_contract.model_report import ModelReport
from nnt_contract.part import Part
from nnt_contract.status import Status
from nnt_server.simulations.models import Simulation

_WITHOUT_NUL = r"^[^\x00]*$"

RecordKind = Literal["environment", "epoch", "evaluation", "model"]
Metric = float | Literal["NaN", "Infinity", "-Infinity"] | None
Epoch = Annotated[int, Field(ge=0, lt=2**31)]


def text(description: str, min_length: int = 0) -> Any:
    """A parameter that the database is asked for, which keeps no NUL."""
    return Query(
        description=description, min_length=min_length, max_length=200, pattern=_WITHOUT_NUL
    )


class Closed(Schema):
    """A body in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Credentials(Closed):
    username: Annotated[str, StringConstraints(min_length=1, max_length=150)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Token(Schema):
    token: str


class Created(Schema):
    id: UUID
    name: str


class ExperimentCreated(Schema):
    id: UUID
    simulations: list[Created]


class SimulationState(Schema):
    id: UUID
    name: str
    status: Status
    wanted: str = Field(description="what was asked for last: running, paused, stopped or deleted")
    reason: str = Field(description="why it has this status")


class SimulationSummary(SimulationState):
    owner: str
    tags: list[str]
    epoch: int = Field(description="epochs that have ended, as far as their collections tell")
    goal_epochs: int
    received: int = Field(description="collections that are stored")
    expected: int
    loss: Metric
    accuracy: Metric
    val_loss: Metric
    val_accuracy: Metric
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class Fetch(Schema):
    part: Part
    url: str
    received_bytes: int = Field(description="of the attempt that is under way, or was the last")
    total_bytes: int | None = Field(description="null: the other side did not say")
    problem: str = Field(description="why it failed; empty if it did not")
    fetched_at: datetime | None


class DataInspection(Schema):
    started_at: datetime | None
    finished_at: datetime | None
    problem: str = Field(description="why nobody can train on them; empty if there is nothing")
    found: DataReport | None = Field(
        description="what they are like; null until they are inspected"
    )


class ModelInspection(Schema):
    started_at: datetime | None
    finished_at: datetime | None
    problem: str = Field(description="why it cannot be trained; empty if there is nothing")
    found: ModelReport | None = Field(
        description="what it is made of; null until it is inspected, or where it cannot be built"
    )


class SimulationDetails(SimulationSummary):
    experiment: UUID
    fetches: list[Fetch] = Field(description="the datasets that come from URLs")
    data_inspection: DataInspection | None = Field(
        description="what the data are like; null: older than such inspections"
    )
    model_inspection: ModelInspection | None = Field(
        description="what the model is made of; null: older than such inspections"
    )
    attempt: int
    seed: int
    configuration: dict[str, Any]


class SimulationPage(Schema):
    total: int = Field(description="how many there are on all pages")
    limit: int
    offset: int
    items: list[SimulationSummary]


class EpochValues(Schema):
    epoch: int
    time: datetime
    loss: Metric
    accuracy: Metric
    val_loss: Metric
    val_accuracy: Metric


class ExtraMetric(Schema):
    epoch: int
    time: datetime
    metric: str
    value: Metric


class WeightStatistics(Schema):
    epoch: int = Field(description="-1: the initial weights, before the first batch")
    time: datetime
    layer_index: int
    layer_name: str
    variable: str
    shape: list[int]
    mean: Metric
    std: Metric
    min: Metric
    max: Metric
    l2: Metric
    zeros: int
    nans: int
    infinities: int
    change_l2: Metric = Field(description="of the difference to the collection before")
    duplicate_units: int | None
    zero_units: int | None
    histogram: list[int]


class Record(Schema):
    kind: RecordKind
    epoch: int = Field(
        description="the one it is about; of an environment the first that was trained in it"
    )
    attempt: int
    time: datetime
    content: dict[str, Any] = Field(
        description="environment: what an attempt ran on; epoch: duration_s and learning_rate; evaluation: what the "
        "trained network makes of the test data; model: bytes and sha256 of its file"
    )


class Weights(Schema):
    epoch: int
    layer_index: int
    layer_name: str
    variable: str
    shape: list[int]
    values: Any = Field(description="numbers in lists, nested as the shape says")


class Event(Schema):
    time: datetime
    actor: str
    what: str
    status: str | None
    reason: str


def state(simulation: Simulation) -> SimulationState:
    return SimulationState(**_state(simulation))


def summary(simulation: Simulation) -> SimulationSummary:
    return SimulationSummary(**_summary(simulation))


def details(simulation: Simulation) -> SimulationDetails:
    inspection = simulation.data_inspection
    model_inspection = simulation.experiment.model_inspection
    return SimulationDetails(
        **_summary(simulation),
        experiment=simulation.experiment_id,
        fetches=[Fetch.from_orm(fetch) for fetch in simulation.experiment.fetches.all()],
        data_inspection=DataInspection.from_orm(inspection) if inspection else None,
        model_inspection=(ModelInspection.from_orm(model_inspection) if model_inspection else None),
        attempt=simulation.attempt,
        seed=simulation.seed,
        configuration=simulation.configuration,
    )


def _state(simulation: Simulation) -> dict[str, Any]:
    return {name: getattr(simulation, name) for name in SimulationState.model_fields}


def _summary(simulation: Simulation) -> dict[str, Any]:
    progress = getattr(simulation, "progress", None)
    metrics = ("loss", "accuracy", "val_loss", "val_accuracy")
    return {
        **_state(simulation),
        **{metric: json_number(getattr(progress, metric, None)) for metric in metrics},
        "owner": simulation.owner.username,
        "tags": sorted(tag.name for tag in simulation.tags.all()),
        "epoch": simulation.completed_epochs,
        "goal_epochs": simulation.configuration["total_epochs"],
        "received": simulation.received_collections,
        "expected": simulation.expected_collections,
        "created_at": simulation.created_at,
        "started_at": simulation.started_at,
        "ended_at": simulation.ended_at,
    }


def json_number(value: float | None) -> float | str | None:
    return None if value is None else number_to_json(value)
