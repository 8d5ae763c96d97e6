"""What the inspection of a model answers: its layers, or what is wrong with it."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError

from nnt_contract.errors import contract_error
from nnt_contract.message import Message, Text
from nnt_contract.simulation_config import BackendName

MAX_ANSWER_BYTES = 4 * 2**20

# With the batch axis, as Keras shows it; None: any size.
Shape = Annotated[tuple[NonNegativeInt | None, ...], Field(strict=False)]


class LayerReport(Message):
    """Where the model leaves its input open, what depends on it is None: the data decide."""

    name: Text
    type: Text  # the class of Keras
    depth: NonNegativeInt = 0  # in how many models and wrappers it is; they stand above it
    outputs: tuple[Shape, ...] | None = Field(default=None, strict=False)
    parameters: NonNegativeInt | None = None
    trainable: NonNegativeInt | None = None  # of the parameters


class ModelReport(Message):
    """A model as this Keras builds it. What layers share is counted once in the whole."""

    keras: Text  # the version
    backend: BackendName
    input: Shape | None = None
    output: Shape | None = None
    layers: tuple[LayerReport, ...] = Field(strict=False)
    parameters: NonNegativeInt | None = None
    trainable: NonNegativeInt | None = None
    bytes: NonNegativeInt | None = None  # of memory that the parameters take
    remarks: tuple[Text, ...] = Field(default=(), strict=False)  # worth a word, in sentences
    problem: Text = ""  # why it cannot be trained all the same, in words for its owner


class ModelProblem(Message):
    """Why it cannot be built, in words for its owner."""

    problem: Text = Field(min_length=1, max_length=20_000)


Answer = ModelReport | ModelProblem
_answer: TypeAdapter[Answer] = TypeAdapter(Answer)


def parse_answer(text: bytes) -> Answer:
    """Raises ContractError."""
    try:
        return _answer.validate_json(text)
    except ValidationError as error:
        raise contract_error("the answer of the inspection", error) from error
