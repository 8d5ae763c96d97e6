"""Pure: the report's JSON encoding of an update, read into the same updates as the binary one.

A collection has `sim_id` (or `id`; a uuid or its decimal integer), `epoch`, `model` (the Keras JSON as a string),
`weights` (one entry per layer, each a list of that layer's arrays as nested lists), `logs` and, optionally,
`variables` (the names of those arrays, per layer).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    field_validator,
)

from nnt_contract.errors import ContractError, ErrorBody, FieldError, contract_error
from nnt_contract.message import Number, Text
from nnt_contract.tokens import RunToken
from nnt_contract.updates import Array, Collection, Failure, Finish

# What `get_weights` of the most common layers lists, where the sender names nothing.
_NAMES_BY_POSITION = ("kernel", "bias")


class Message(NamedTuple):
    update: Collection | Finish | Failure
    payload: Iterable[bytes] = ()


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)

    sim_id: UUID = Field(validation_alias=AliasChoices("sim_id", "id"))
    attempt: NonNegativeInt | None = None

    @field_validator("sim_id", mode="before")
    @classmethod
    def _uuid_from_integer(cls, value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**128:
            return UUID(int=value)
        if isinstance(value, str):
            return (
                UUID(int=int(value)) if value.isdecimal() and int(value) < 2**128 else UUID(value)
            )
        return value


class _CollectionBody(_Body):
    epoch: NonNegativeInt
    model: str
    weights: list[list[Any]]
    logs: dict[Text, Number]
    variables: list[list[Text]] | None = None


class _FinishBody(_Body):
    # The report's /finish repeats a collection; without `weights` it only says that training has ended.
    epoch: NonNegativeInt | None = None
    model: str | None = None
    weights: list[list[Any]] | None = None
    logs: dict[Text, Number] | None = None
    variables: list[list[Text]] | None = None


class _FailureBody(_Body):
    error: Text = Field(min_length=1, max_length=20_000)


def read(kind: str, text: bytes, token: RunToken) -> list[Message]:
    """The updates in the body of a request to `/{kind}`, in the order to store them; raises ContractError."""
    try:
        if kind == "update":
            return [_collection(_CollectionBody.model_validate_json(text), token)]
        if kind == "send_error":
            failure = _FailureBody.model_validate_json(text)
            return [
                Message(Failure(sim_id=failure.sim_id, attempt=token.attempt, error=failure.error))
            ]
        finish = _FinishBody.model_validate_json(text)
        end = Message(Finish(sim_id=finish.sim_id, attempt=token.attempt))
        if finish.weights is None:
            return [end]
        values = finish.model_dump(exclude_none=True)
        return [_collection(_CollectionBody.model_validate(values), token), end]
    except ValidationError as error:
        raise contract_error("the update", error) from error


def _collection(body: _CollectionBody, token: RunToken) -> Message:
    layers = _layer_names(body.model, len(body.weights))
    if body.variables is not None and [len(v) for v in body.variables] != [
        len(w) for w in body.weights
    ]:
        raise _wrong("variables", "one name per array of weights")
    arrays, payload = [], []
    for index, (layer, values) in enumerate(zip(layers, body.weights, strict=True)):
        names = body.variables[index] if body.variables is not None else _names(len(values))
        for position, (name, nested) in enumerate(zip(names, values, strict=True)):
            array = _array(nested, f"weights.{index}.{position}")
            arrays.append(
                Array(layer_index=index, layer_name=layer, variable=name, shape=array.shape)
            )
            payload.append(array.tobytes())
    update = Collection(
        sim_id=body.sim_id,
        attempt=token.attempt,
        epoch=body.epoch,
        logs=body.logs,
        arrays=tuple(arrays),
    )
    return Message(update, payload)


def _layer_names(model: str, count: int) -> Sequence[str]:
    """The names of the layers that `weights` lists; Keras 2 does not count input layers among a model's layers."""
    try:
        layers = json.loads(model)["config"]["layers"]
        without_inputs = [layer for layer in layers if layer["class_name"] != "InputLayer"]
        for candidates in (layers, without_inputs):
            if len(candidates) == count:
                return [
                    str(layer["config"].get("name") or layer.get("name")) for layer in candidates
                ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong("model", "a model as Keras writes it to JSON, as a string") from error
    raise _wrong(
        "weights", f"one entry for each of the model's {len(layers)} layers, received {count}"
    )


def _names(count: int) -> list[str]:
    return [
        _NAMES_BY_POSITION[i] if i < len(_NAMES_BY_POSITION) else f"variable_{i}"
        for i in range(count)
    ]


def _array(nested: Any, where: str) -> npt.NDArray[np.float32]:
    try:
        array = np.asarray(nested)
        if array.dtype.kind not in "iufU":
            raise ValueError(f"values of kind {array.dtype}")
        return array.astype("<f4")  # from text too: "NaN" and "Infinity" are numbers here
    except ValueError as error:
        raise _wrong(
            where, f"nested lists of numbers, equally long at each depth ({error})"
        ) from error


def _wrong(field: str, expected: str) -> ContractError:
    fields = (FieldError(field=field, expected=expected),)
    return ContractError(
        ErrorBody(error="invalid", message=f"the update is not valid: {field}", fields=fields)
    )
