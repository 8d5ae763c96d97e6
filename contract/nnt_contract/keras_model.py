"""Whether a model's JSON names only objects of Keras' own: decided on plain JSON, where there is no Keras.

Keras builds whatever `class_name`, `module` and `registered_name` say, and takes some texts for names of functions.
What it may find there is listed in `keras_objects.json`, which `nnt_simulation.keras_objects` writes.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from nnt_contract.errors import FieldError

# Those of nested models and of wrappers included; ResNetRS420, which comes with Keras 2, has 2,258.
MAX_LAYERS = 3000
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_PROBLEMS = 20
OBJECTS_FILE = "keras_objects.json"
CALLS = {"SlicingOpLambda", "TFOpLambda"}  # of functions of TensorFlow, as Keras 2 writes them

_MAX_NAME = 200
_MAX_TEXT = 80
_IN_WORDS = {
    "activation": "an activation",
    "constraint": "a constraint",
    "dtype": "a data type",
    "initializer": "an initializer",
    "layer": "a layer",
    "loss": "a loss",
    "metric": "a metric",
    "model": "a Sequential or Functional model",
    "optimizer": "an optimizer",
    "regularizer": "a regularizer",
}
# Under these keys, wherever they stand, Keras expects that kind of object.
_KIND_OF_KEY = {
    "activation": "activation",
    "backward_layer": "layer",
    "cell": "layer",
    "cells": "layer",
    "dtype": "dtype",
    "inner_optimizer": "optimizer",
    "layer": "layer",
    "layers": "layer",
    "loss": "loss",
    "metrics": "metric",
    "optimizer": "optimizer",
    "weighted_metrics": "metric",
}
_KIND_OF_ENDING = {
    "_activation": "activation",
    "constraint": "constraint",
    "initializer": "initializer",
    "regularizer": "regularizer",
}
_ALSO_FIT: Mapping[str | None, tuple[str, ...]] = {
    "activation": ("layer",),
    "layer": ("model",),
    "metric": ("loss",),
}
_BY_OUTPUT = {"loss", "metric"}  # where a model has several, one for the name of each
_MODULES_OF_FUNCTIONS = {"builtins", "keras.activations", "keras.losses", "keras.metrics"}
# Values of Python that JSON has no literal for; they are data, not code.
_VALUES = {"__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"}

Path = tuple[str | int, ...]


class _Place(NamedTuple):
    path: Path = ()
    kind: str | None = (
        None  # of the object that Keras expects here; None: anything, also plain data
    )
    layer: str = ""  # to which it belongs

    def at(self, key: str | int, kind: str | None) -> "_Place":
        return self._replace(path=(*self.path, key), kind=kind)

    def __str__(self) -> str:
        keys = (f"[{key}]" if isinstance(key, int) else f".{key[:_MAX_TEXT]}" for key in self.path)
        where = "".join(keys).removeprefix(".") or "the model"
        return f"{where} (in {self.layer})" if self.layer else where


class _Enough(Exception):
    pass


def lists_its_layers(part: Mapping[str, Any]) -> bool:
    """Whether it is a Sequential model whose config is the list of its layers, as Keras 2 wrote it before 2.2.3."""
    return part.get("class_name") == "Sequential" and isinstance(part.get("config"), list)


def problems(model: object) -> list[FieldError]:
    """What speaks against giving this JSON to Keras, with its place; empty if nothing does."""
    if excess := _excess(model):
        return [excess]
    check = _Check()
    with suppress(_Enough):
        check.value(model, _Place(kind="model"))
    return check.found


def sentences(found: list[FieldError]) -> list[str]:
    return [f"{one.field}: expected {one.expected}, received {one.received}." for one in found]


class _Check:
    def __init__(self) -> None:
        self.found: list[FieldError] = []
        self._layers = 0

    def value(self, value: object, place: _Place) -> None:
        if isinstance(value, dict):
            if self._is_sound(value, place):
                self._members(value, place)
        elif isinstance(value, list) and place.kind != "model":
            for index, item in enumerate(value):
                self._item(item, place.at(index, place.kind))
        elif place.kind and not _is_name(value, place.kind):
            self._complain(place, _an_own(place.kind, value), _shown(value))

    def _item(self, item: object, place: _Place) -> None:
        if place.kind == "layer" and not isinstance(item, dict):  # no name stands for a layer
            self._complain(place, f"an object, {_an_own('layer', item)}", _shown(item))
        else:
            self.value(item, place)

    def _members(self, mapping: dict[str, Any], place: _Place) -> None:
        by_output = place.kind if place.kind in _BY_OUTPUT and "class_name" not in mapping else None
        if place.kind == "layer":
            place = place._replace(layer=_layer(mapping))
        for key, item in mapping.items():
            if key == "name" and isinstance(item, str) and len(item) > _MAX_NAME:
                expected = f"a name of at most {_MAX_NAME} characters"
                self._complain(place.at(key, None), expected, f"one of {len(item)}")
            is_layers = key == "config" and lists_its_layers(mapping)
            kind = "layer" if is_layers else by_output or _kind_of(key)
            if kind or isinstance(item, list | dict):
                self.value(item, place.at(key, kind))

    def _is_sound(self, mapping: dict[str, Any], place: _Place) -> bool:
        before = len(self.found)
        if "class_name" in mapping:
            self._object(mapping, place)
        elif place.kind and place.kind not in _BY_OUTPUT:
            keys = ", ".join(_shown(key) for key in list(mapping)[:5]) or "no keys"
            self._complain(place, _an_own(place.kind), f"an object with {keys}")
        elif "module" in mapping or "registered_name" in mapping:
            self._complain(place, "a “class_name” beside the module", "none")
        return len(self.found) == before

    def _object(self, value: dict[str, Any], place: _Place) -> None:
        triple = module, name, registered = _identity(value)
        if not all(part is None or isinstance(part, str) for part in triple) or name is None:
            self._complain(place, "texts as “class_name” and “module”", "something else")
        elif name == "function":
            self._function(value, place)
        elif name in _VALUES and place.kind is None and module is None and registered is None:
            return
        elif not any(triple in _objects(kind) for kind in _kinds_at(place)):
            self._complain(place, _expected(place.kind, name, registered), _said(*triple))
        elif not isinstance(value.get("config"), dict) and not lists_its_layers(value):
            self._complain(place, "an object under “config”", _shown(value.get("config")))
        elif name in CALLS:
            self._call(value["config"].get("function"), place._replace(layer=_layer(value)))
        if place.kind == "layer":
            self._count_layer(place)

    def _function(self, value: dict[str, Any], place: _Place) -> None:
        name, module, registered = map(value.get, ("config", "module", "registered_name"))
        is_own = name is not None and _is_name(name, place.kind)
        if (
            not is_own
            or module not in _MODULES_OF_FUNCTIONS
            or registered not in ("function", name)
        ):
            said = f"the function {_shown(name)} of the module {_shown(module)}"
            as_what = f", registered as {_shown(registered)}"
            said += "" if registered in (None, "function", name) else as_what
            self._complain(place, _an_own(place.kind, name), said)

    def _call(self, function: object, place: _Place) -> None:
        functions = _listed()["functions"]
        if function not in functions:
            near = difflib.get_close_matches(str(function)[:_MAX_TEXT], functions)
            expected = "one of the functions of TensorFlow that are read"
            expected += f" (near to it: {', '.join(near)})" if near else ""
            self._complain(
                place.at("config", None).at("function", None), expected, _shown(function)
            )

    def _count_layer(self, place: _Place) -> None:
        self._layers += 1
        if self._layers > MAX_LAYERS:
            self._complain(place._replace(layer=""), f"at most {MAX_LAYERS} layers", "more")
            raise _Enough

    def _complain(self, place: _Place, expected: str, received: str) -> None:
        self.found.append(FieldError(field=str(place), expected=expected, received=received))
        if len(self.found) == MAX_PROBLEMS:
            raise _Enough


def _excess(model: object) -> FieldError | None:
    """Level by level, so that no depth is too deep to be told."""
    level: list[object] = [model]
    values = 0
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return None
        values += len(level)
        if values > MAX_VALUES:
            expected = f"at most {MAX_VALUES} values"
            return FieldError(field="the model", expected=expected, received="more")
        level = [item for container in level for item in _items(container)]
    expected = f"nesting of at most {MAX_DEPTH} levels"
    return FieldError(field="the model", expected=expected, received="a deeper one")


def _items(container: object) -> Iterator[object]:
    if isinstance(container, dict):
        yield from container.values()
    elif isinstance(container, list):
        yield from container


def _kind_of(key: str) -> str | None:
    if not key.endswith(tuple(_KIND_OF_ENDING)):
        return _KIND_OF_KEY.get(key)
    return next(kind for end, kind in _KIND_OF_ENDING.items() if key.endswith(end))


def _identity(value: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return value.get("module"), value["class_name"], value.get("registered_name")


def _kinds_at(place: _Place) -> tuple[str | None, ...]:
    return (place.kind, *_ALSO_FIT.get(place.kind, ()))


def _is_name(value: object, kind: str | None) -> bool:
    """Whether the text stands for an object of that kind; null is none, which Keras takes everywhere."""
    if value is None:
        return kind != "model"
    return isinstance(value, str) and value in _names(kind)


def _expected(kind: str | None, name: str, registered: str | None) -> str:
    if reason := _listed()["refused"].get(name):
        return f"another layer than {name} ({reason})"
    if registered not in (None, name):
        return f"{_an_own(kind)} without a registered name of its own"
    return _an_own(kind, name)


def _an_own(kind: str | None, received: object = None) -> str:
    """The kind in words, with the names that are near to the one received."""
    words = f"{_IN_WORDS.get(kind or '', 'an object')} of Keras {_listed()['keras']}"
    names = {*_names(kind), *(name for _, name, _ in _objects(kind))}
    if not isinstance(received, str) or received in names:
        return words
    near = ", ".join(difflib.get_close_matches(received[:_MAX_TEXT], sorted(names)))
    return f"{words} (near to it: {near})" if near else words


def _said(module: str | None, name: str, registered: str | None) -> str:
    text = _shown(name) if module is None else f"{_shown(name)} of the module {_shown(module)}"
    return text if registered in (None, name) else f"{text}, registered as {_shown(registered)}"


def _layer(value: Mapping[str, Any]) -> str:
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return f"{str(value['class_name'])[:_MAX_TEXT]} {_shown(name)}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


@cache
def _listed() -> dict[str, Any]:
    text = resources.files("nnt_contract").joinpath(OBJECTS_FILE).read_text(encoding="utf-8")
    listed: dict[str, Any] = json.loads(text)
    return listed


@cache
def _objects(kind: str | None) -> frozenset[tuple[str | None, str, str | None]]:
    objects = _listed()["objects"]
    if kind is None:
        return frozenset().union(*map(_objects, objects))
    return frozenset(tuple(triple) for triple in objects.get(kind, ()))


@cache
def _names(kind: str | None) -> frozenset[str]:
    names = _listed()["names"]
    if kind is None:
        return frozenset().union(*names.values())
    return frozenset(names.get(kind, ()))
