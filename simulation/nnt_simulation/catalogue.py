"""The optimizers, loss functions and metrics of Keras, listed for `nnt_contract.catalogue`, which has no Keras.

`python -m nnt_simulation.catalogue` writes the list anew; it is due when another version of Keras is installed.
"""

import inspect
import json
import re
from collections.abc import Iterator
from importlib import resources
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import keras
from keras.src import losses, metrics, optimizers
from keras.src.utils.naming import to_snake_case

from nnt_contract import catalogue
from nnt_contract.catalogue import Argument, Catalogue, Entry, Kind, LossFunction, Metric, Type
from nnt_simulation import keras_facts as facts

_TYPES: dict[type, Type] = {bool: "boolean", int: "integer", float: "number", str: "text"}


class _Place(NamedTuple):
    """Where Keras keeps one kind of objects."""

    module: ModuleType
    base: type
    by_text: dict[str, Any]  # what texts stand for


_PLACES: dict[Kind, _Place] = {
    "optimizer": _Place(keras.optimizers, keras.optimizers.Optimizer, optimizers.ALL_OBJECTS_DICT),
    "loss function": _Place(keras.losses, keras.losses.Loss, losses.ALL_OBJECTS_DICT),
    "metric": _Place(keras.metrics, keras.metrics.Metric, metrics.ALL_OBJECTS_DICT),
}


def as_text() -> str:
    """What the file holds."""
    content = Catalogue(
        keras=keras.__version__,
        optimizers=tuple(_entries("optimizer")),
        loss_functions=tuple(map(_loss_function, _entries("loss function"))),
        metrics=tuple(map(_metric, _entries("metric"))),
    )
    text = json.dumps(content.model_dump(mode="json", exclude_defaults=True), indent=1)
    # An argument a line: what another version of Keras changes can be read.
    for innermost in (r"[\[]\n\s+[^\[\]{}]*\n\s+[\]]", r"[{]\n\s+[^{}]*\n\s+[}]"):
        text = re.sub(innermost, _on_one_line, text)
    return text + "\n"


def _loss_function(entry: Entry) -> LossFunction:
    return LossFunction(**vars(entry), **facts.LOSSES[entry.name]._asdict())


def _metric(entry: Entry) -> Metric:
    stands_for = facts.STANDS_FOR.get(entry.name, {})
    return Metric(**vars(entry), **facts.METRICS[entry.name]._asdict(), stands_for=stands_for)


def _entries(kind: Kind) -> Iterator[Entry]:
    for name, parameters in sorted(_offered(kind).items()):
        if kind == "metric":
            parameters["name"] = parameters["name"] or to_snake_case(name)
        arguments = {
            argument: _argument(name, argument, default)
            for argument, default in sorted(parameters.items())
            if argument not in facts.NOT_ARGUMENTS
        }
        yield Entry(name=name, also=tuple(_also(kind, name)), arguments=arguments)


def _offered(kind: Kind) -> dict[str, dict[str, Any]]:
    """What there is of that kind, with the defaults of its arguments."""
    module, base, _ = _PLACES[kind]
    found = {
        name: _of_class(made)
        for name, made in vars(module).items()
        if inspect.isclass(made)
        and issubclass(made, base)
        and made is not base
        and name not in facts.REFUSED[kind]
    }
    if kind == "metric":
        # Keras has some as functions only, and one as a text only.
        texts = [name for name in facts.METRICS if name.islower()]
        found |= {name: _of_function(name, getattr(module, name, None)) for name in texts}
    return found


def _of_class(made: type) -> dict[str, Any]:
    """With those of its bases where it passes them on."""
    arguments: dict[str, Any] = {}
    for owner in made.__mro__:
        if "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
                arguments.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return arguments


def _of_function(name: str, function: Any) -> dict[str, Any]:
    """With those of the metric around it."""
    parameters = list(inspect.signature(function).parameters.values())[2:] if function else []
    return {one.name: one.default for one in parameters} | {"name": name, "dtype": None}


def _argument(owner: str, name: str, default: Any) -> Argument:
    known = facts.ARGUMENTS.get(f"{name} of {owner}") or facts.ARGUMENTS.get(name)
    argument = known or Argument(types=(_TYPES[type(default)],))
    if default is Parameter.empty or argument.required:
        return argument.model_copy(update={"required": True})
    default = list(default) if isinstance(default, tuple) else default
    return argument.model_copy(
        update={"default": default, "nullable": argument.nullable or default is None}
    )


def _also(kind: Kind, name: str) -> list[str]:
    """Other names, each once: how they are spelled does not matter."""
    theirs = {text: found.__name__ for text, found in _PLACES[kind].by_text.items()}
    texts = [
        text
        for text, other in {**theirs, **facts.ALSO[kind]}.items()
        if catalogue.plain(other) == catalogue.plain(name)
    ]
    plain = {catalogue.plain(text): text.lower() for text in sorted(texts)}
    plain.pop(catalogue.plain(name), None)
    return sorted(plain.values())


def _on_one_line(found: re.Match[str]) -> str:
    inside = found[0][1:-1].split()
    return f"{found[0][0]}{' '.join(inside)}{found[0][-1]}"


def main() -> None:
    with resources.as_file(resources.files(catalogue.__package__ or "")) as package:
        (Path(package) / catalogue.CATALOGUE_FILE).write_text(as_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
