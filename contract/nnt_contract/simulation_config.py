"""What to train, on which data, and how: the configuration of one simulation."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue, NonNegativeInt, PositiveInt, model_validator

from nnt_contract.message import Message
from nnt_contract.part import Part

BackendName = Literal["tensorflow", "torch"]


def _flat(value: JsonValue) -> JsonValue:
    # Keras builds objects from nested dictionaries: an argument that is one could name code to run.
    items = value if isinstance(value, list) else [value]
    if any(
        isinstance(item, dict | list) or (item is not value and not isinstance(item, int | float))
        for item in items
    ):
        raise ValueError("a number, true, false, null, a string or a list of numbers")
    return value


ConfValue = Annotated[JsonValue, AfterValidator(_flat)]


class KerasChoice(Message):
    """An optimizer, loss or metric by its Keras name, with the arguments it is made with."""

    name: str = Field(min_length=1, max_length=100)
    conf: dict[str, ConfValue] = {}


class NpzKeys(Message):
    """Under which names an .npz file holds its features and its labels."""

    features: str = Field(min_length=1, max_length=200)
    labels: str = Field(min_length=1, max_length=200)


class Limits(Message):
    """What a simulation may use in all its attempts together; None: as much as there is."""

    memory_mb: PositiveInt | None = None  # resident memory, in MiB
    cpu_s: PositiveInt | None = None  # processor time, in seconds
    wall_s: PositiveInt | None = None  # time in which it trains, without pauses, in seconds


class Fold(Message):
    """One of the parts of training and validation data together: it validates, the others train."""

    index: PositiveInt
    count: int = Field(ge=2)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.index > self.count:
            raise ValueError(f"index must be at most {self.count}, the count of folds")
        return self


class Configuration(Message):
    """How to train one simulation; stored with it and shown to its owner."""

    batch_size: PositiveInt = 32
    total_epochs: PositiveInt
    epoch_period: PositiveInt = 1
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    optimizer: KerasChoice
    loss_function: KerasChoice
    train: NpzKeys
    validation: NpzKeys
    test: NpzKeys
    label_column: str = Field("", max_length=200)  # of every table; an .npz file has none
    fold: Fold | None = None
    extra_metrics: list[KerasChoice] = []
    backend: BackendName = "tensorflow"  # what Keras computes with
    gpu: bool = False  # train on a graphics processor, where there is one
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _one_learning_rate(self) -> Self:
        if "learning_rate" in self.optimizer.conf:
            raise ValueError(
                "optimizer.conf must not hold a learning_rate: it is a field of its own"
            )
        return self


class SimulationRun(Message):
    """Everything one attempt at a simulation needs; the deployer writes it into the run folder."""

    id: UUID
    attempt: PositiveInt
    model: dict[str, Any]  # Keras JSON
    configuration: Configuration
    datasets: dict[Part, str]  # paths as the training process sees them
    seed: NonNegativeInt
    threads: PositiveInt


def collected_epochs(total_epochs: int, epoch_period: int) -> list[int]:
    """The epochs, counted from 0, whose metrics and weights are collected: every period-th and the last."""
    epochs = list(range(0, total_epochs, epoch_period))
    return epochs if epochs[-1] == total_epochs - 1 else [*epochs, total_epochs - 1]
