"""What is kept of a training besides its metrics and weights: what it ran on, how long it took, what came of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

from nnt_contract.message import Message, Number, Text
from nnt_contract.part import Part

# Of more classes there are no tables: they grow with the square of this.
MAX_CLASSES = 1000
CUT_POINTS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

_Count = NonNegativeInt


class Environment(Message):
    """What an attempt trains with."""

    kind: Literal["environment"] = "environment"
    epoch: NonNegativeInt  # the first that this attempt trains, counted from 0
    python: Text
    backend: Text
    packages: dict[Text, Text]  # name -> version
    platform_commit: Text | None  # None: whoever set it up did not say
    system: Text
    host: Text
    cpu: Text
    cpus: PositiveInt  # of the machine
    memory_bytes: NonNegativeInt  # of the machine
    gpus: tuple[Text, ...]
    threads: PositiveInt
    seed: NonNegativeInt
    datasets: dict[Part, Text]  # the names of their files, which are the SHA-256 of what is in them
    split_sha256: Text | None = (
        None  # of which rows train and which validate; None: there are no folds
    )


class EpochRecord(Message):
    """What an epoch took."""

    kind: Literal["epoch"] = "epoch"
    epoch: NonNegativeInt
    duration_s: NonNegativeFloat  # training and validation
    learning_rate: Number  # in force at its end


class Scores(Message):
    """How well one answer is given; None where there is nothing to divide by."""

    precision: float | None = Field(ge=0, le=1)  # of those that got this answer, how many have it
    recall: float | None = Field(ge=0, le=1)  # of those that have it, how many got it


class ClassScores(Scores):
    support: _Count  # how many have it


class CutPoint(Scores):
    """Scores of “yes” where that is said of whatever is more probable than `cut`."""

    cut: float = Field(gt=0, lt=1)


class Evaluation(Message):
    """What the trained network makes of the test data."""

    kind: Literal["evaluation"] = "evaluation"
    epoch: NonNegativeInt  # after which it was made: the last
    rows: _Count
    metrics: dict[Text, Number]  # loss and whatever else is collected
    # What is true is the row, what the network says the column; None: `remarks` say why.
    confusion: tuple[tuple[_Count, ...], ...] | None = None
    classes: tuple[ClassScores, ...] | None = None
    cut_points: tuple[CutPoint, ...] | None = None  # of a yes or no only
    remarks: tuple[Text, ...] = ()  # in words for its owner

    @model_validator(mode="after")
    def _square(self) -> Self:
        if self.confusion is not None:
            sizes = {len(self.confusion), len(self.classes or ()), *map(len, self.confusion)}
            if len(sizes) > 1:
                raise ValueError("confusion must have a row and a column for each of the classes")
        return self


class TrainedModel(Message):
    """The file that has the trained network, as Keras saves one."""

    kind: Literal["model"] = "model"
    epoch: NonNegativeInt  # after which it was saved: the last
    bytes: NonNegativeInt
    sha256: Text


Record = Annotated[
    Environment | EpochRecord | Evaluation | TrainedModel, Field(discriminator="kind")
]
