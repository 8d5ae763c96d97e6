"""What a model takes and gives, as far as its JSON says: decided on plain JSON, where there is no Keras.

The JSON has passed `keras_model.problems`; of anything else nothing is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnt_contract.errors import FieldError
from nnt_contract.keras_model import lists_its_layers
from nnt_contract.row_shape import RowShape

_MODELS = ("Functional", "Model", "Sequential")
_ONLY_ONE = "one {}, as datasets have one array of features and one of labels"
_MAX_NAMES = 10
_MAX_TEXT = 80


def row_shape(model: Mapping[str, Any]) -> RowShape | None:
    """The shape of one row of features, without the batch axis, in which None is any size.

    None: the JSON leaves it open, so that the data decide, or does not say it as Keras writes it.
    """
    if model.get("class_name") == "Sequential":
        return _row_shape_of_first(_layers(model)) or _without_batch(_built(model))
    names = _names(_config(model).get("input_layers"))
    inputs = [layer for layer in _layers(model) if names == [_name(layer)]]
    return _told_shape(_config(inputs[0])) if len(inputs) == 1 else None


def problems(model: Mapping[str, Any]) -> list[FieldError]:
    """What datasets cannot feed, with its place: no layers, several inputs or outputs; empty if nothing."""
    found = (
        _without_layers(model),
        _more_than_one("input", *_ends(model, "input_layers", 0)),
        _more_than_one("output", *_ends(model, "output_layers", -1)),
    )
    return [problem for problem in found if problem]


def _without_layers(model: Mapping[str, Any]) -> FieldError | None:
    if _layers(model):
        return None
    return FieldError(
        field=_where_layers_are(model), expected="at least one layer", received="none"
    )


def _row_shape_of_first(layers: Sequence[Mapping[str, Any]]) -> RowShape | None:
    if not layers:
        return None
    first = layers[0]
    return _told_shape(_config(first)) or (row_shape(first) if _is_model(first) else None)


def _told_shape(config: Mapping[str, Any]) -> RowShape | None:
    """What a layer says of its own input; Keras 2 has other words for it than Keras 3."""
    for with_batch in ("batch_shape", "batch_input_shape"):
        if shape := _without_batch(config.get(with_batch)):
            return shape
    return _shape(config.get("shape")) or _shape(config.get("input_shape"))


def _built(model: Mapping[str, Any]) -> object:
    """With which shape it was built: that of the data it has seen."""
    build = model.get("build_config")
    told = build.get("input_shape") if isinstance(build, Mapping) else None
    return _config(model).get("build_input_shape") or told


def _without_batch(value: object) -> RowShape | None:
    shape = _shape(value)
    return (shape[1:] or None) if shape else None


def _shape(value: object) -> RowShape | None:
    if not isinstance(value, list) or not all(_is_size(size) for size in value):
        return None
    return tuple(value) or None


def _is_size(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


def _ends(model: Mapping[str, Any], key: str, position: int) -> tuple[str, list[str]]:
    """The names of its inputs or outputs, and where they stand; a Sequential model has those of a layer."""
    place = ""
    while model.get("class_name") == "Sequential":
        layers = _layers(model)
        if not layers or not _is_model(layers[position]):
            return place, []
        place += f"{_where_layers_are(model)}[{len(layers) - 1 if position else 0}]."
        model = layers[position]
    return f"{place}config.{key}", _names(_config(model).get(key))


def _names(ends: object) -> list[str]:
    """Of what Keras writes as [layer, node, tensor], alone or in lists and objects of any depth."""
    return list(_each_name(ends))


def _each_name(ends: object) -> Iterator[str]:
    match ends:
        case [str(name), int(), int()]:
            yield name
        case list():
            for part in ends:
                yield from _each_name(part)
        case dict():
            yield from _each_name([*ends.values()])


def _more_than_one(what: str, place: str, names: Sequence[str]) -> FieldError | None:
    if len(names) < 2:
        return None
    listed = ", ".join(repr(name[:_MAX_TEXT]) for name in names[:_MAX_NAMES])
    more = ", …" if len(names) > _MAX_NAMES else ""
    received = f"{len(names)} {what}s: {listed}{more}"
    return FieldError(field=place, expected=_ONLY_ONE.format(what), received=received)


def _is_model(layer: Mapping[str, Any]) -> bool:
    return layer.get("class_name") in _MODELS


def _name(layer: Mapping[str, Any]) -> object:
    return _config(layer).get("name") or layer.get("name")


def _config(part: Mapping[str, Any]) -> Mapping[str, Any]:
    config = part.get("config")
    return config if isinstance(config, Mapping) else {}


def _layers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    layers = model["config"] if lists_its_layers(model) else _config(model).get("layers")
    return [one for one in layers if isinstance(one, Mapping)] if isinstance(layers, list) else []


def _where_layers_are(model: Mapping[str, Any]) -> str:
    return "config" if lists_its_layers(model) else "config.layers"
