"""The optimizers, loss functions and metrics of Keras and what they take, for those who have no Keras.

They are listed in `catalogue.json`, which `nnt_simulation.catalogue` writes.
"""

import math
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal, TypeVar

from pydantic import JsonValue

from nnt_contract.message import Message

CATALOGUE_FILE = "catalogue.json"

Kind = Literal["optimizer", "loss function", "metric"]
Type = Literal["boolean", "integer", "integers", "number", "numbers", "text"]
Task = Literal[
    "binary",  # each output answers yes or no
    "classification",  # the outputs of a row say which one of many classes it is
    "distributions",
    "embeddings",  # rows of the same class are near to each other
    "masks",  # how far two areas overlap
    "regression",
    "sequences",  # without saying which step has which label
]
Labels = Literal["class numbers", "one per class", "like the output"]
# Scores are as large as they like. Of a metric, decisions: it asks only which outputs are larger, or above a threshold.
Predictions = Literal["probabilities", "scores", "values", "decisions", "class numbers"]

_IN_WORDS: dict[Type, str] = {
    "boolean": "true or false",
    "integer": "a whole number",
    "integers": "a list of whole numbers",
    "number": "a number",
    "numbers": "a list of numbers",
    "text": "a text",
}


class Argument(Message):
    types: tuple[Type, ...]
    default: JsonValue = None
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()  # of a text; empty: any
    why: str = ""  # nothing else is accepted, though Keras would

    def accepts(self, value: JsonValue) -> bool:
        if value is None:
            return self.nullable
        return any(_is(kind, value) for kind in self.types) and (
            not isinstance(value, str) or not self.choices or value in self.choices
        )

    def in_words(self) -> str:
        """Such as "a number or null (say 0.9)"."""
        kinds = [_IN_WORDS[kind] for kind in self.types if not (kind == "text" and self.choices)]
        words = [*kinds, *map(repr, self.choices), *(["null"] if self.nullable else [])]
        example = "" if self.default is None else f" (say {self.default!r})"
        return " or ".join(words) + example + (f"; {self.why}" if self.why else "")


class Entry(Message):
    """One optimizer, loss function or metric; the case and the underscores of its name do not matter."""

    name: str
    also: tuple[str, ...] = ()  # other names for it
    arguments: dict[str, Argument]


class LossFunction(Entry):
    task: Task
    labels: Labels
    predictions: Predictions  # what the outputs stand for; logits where `from_logits` is true

    @property
    def is_for_classes(self) -> bool:
        """Whether an accuracy means something."""
        return self.task in ("binary", "classification")


class Metric(Entry):
    """Its value is one number, whatever arguments are accepted, and is collected as the argument `name`."""

    tasks: tuple[Task, ...]
    labels: Labels
    predictions: Predictions
    several_outputs: bool = False  # it means nothing of one
    stands_for: dict[Labels, str] = {}  # which metric it is, by the labels of the loss function


_Entry = TypeVar("_Entry", bound=Entry)


class Catalogue(Message):
    keras: str  # the version
    optimizers: tuple[Entry, ...]
    loss_functions: tuple[LossFunction, ...]
    metrics: tuple[Metric, ...]


@cache
def installed() -> Catalogue:
    text = resources.files("nnt_contract").joinpath(CATALOGUE_FILE).read_text(encoding="utf-8")
    return Catalogue.model_validate_json(text)


def optimizer(name: str) -> Entry:
    return named(name, installed().optimizers)


def loss_function(name: str) -> LossFunction:
    return named(name, installed().loss_functions)


def metric(name: str) -> Metric:
    return named(name, installed().metrics)


def named(name: str, entries: Iterable[_Entry]) -> _Entry:
    """The one of that name among these, in any spelling; raises KeyError, as the others do."""
    for entry in entries:
        if plain(name) in map(plain, (entry.name, *entry.also)):
            return entry
    raise KeyError(name)


def plain(name: str) -> str:
    """How names are compared: Keras' own spellings of one differ in no more than that."""
    return name.replace("_", "").lower()


def _is(kind: Type, value: JsonValue) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "integers":
            return isinstance(value, list) and all(_is("integer", item) for item in value)
        case "number":
            return (isinstance(value, float) and math.isfinite(value)) or _is("integer", value)
        case "numbers":
            return isinstance(value, list) and all(_is("number", item) for item in value)
        case "text":
            return isinstance(value, str)
