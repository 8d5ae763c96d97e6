"""The configuration that the values of a form stand for, and what is wrong with it in the form's own terms."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from nnt_contract.errors import FieldError, contract_error
from nnt_contract.part import PARTS, Part
from nnt_contract.simulation_config import Configuration
from nnt_server.simulations import keras_choices, limits

_ALL_OF_IT = "the configuration"
# Which field of the form an entry of the contract comes from, where the two differ.
_FIELD_OF_PATH = {
    "optimizer.name": "optimizer",
    "optimizer.conf": "optimizer_conf",
    "loss_function.name": "loss_function",
    "loss_function.conf": "loss_function_conf",
    "extra_metrics.name": "metric",
    "extra_metrics.conf": "metric_conf",
    _ALL_OF_IT: "optimizer_conf",  # its one rule over several fields: no learning rate there
    **{f"{part}.{key}": f"{part}_{key}" for part in PARTS for key in ("features", "labels")},
}


def configuration(values: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration in these values of the form; what is missing, because it is wrong, is sound here."""

    def choice(name: str) -> dict[str, Any]:
        return {"name": values.get(name, "-"), "conf": values.get(f"{name}_conf", {})}

    def keys(part: Part) -> dict[str, Any]:
        return {key: values.get(f"{part}_{key}", "-") for key in ("features", "labels")}

    return {
        **{name: values.get(name, 1) for name in ("batch_size", "total_epochs", "epoch_period")},
        "learning_rate": values.get("learning_rate", 1.0),
        **{name: choice(name) for name in ("optimizer", "loss_function")},
        "extra_metrics": [choice("metric")] if values.get("metric") else [],
        **{part: keys(part) for part in PARTS},
        "label_column": values.get("label_column", ""),
        "backend": values.get("backend", keras_choices.USUAL_BACKEND),
        "limits": {
            name: values.get(f"limit_{name}") or limits.bounds(name).usual for name in limits.NAMES
        },
    }


def complaints(values: Mapping[str, Any]) -> list[FieldError]:
    """Everything the contract finds wrong. It compares fields only once each alone is right: so ask again."""
    found = _first_complaints(values)
    if not found or found[0].field == _ALL_OF_IT:
        return found
    arguments = dict.fromkeys(values.get("optimizer_conf", {}), 0)
    return found + _first_complaints({"optimizer_conf": arguments})


def _first_complaints(values: Mapping[str, Any]) -> list[FieldError]:
    try:
        Configuration.model_validate(configuration(values))
    except ValidationError as error:
        return list(contract_error(_ALL_OF_IT, error).body.fields)
    return []


def field_of(complaint: FieldError) -> str:
    """Of the form."""
    field = complaint.field.replace("extra_metrics.0", "extra_metrics", 1)  # each row has one
    path = ".".join(field.split(".")[:2])  # what follows is inside a conf
    return _FIELD_OF_PATH.get(path, path)


def sentence(complaint: FieldError) -> str:
    expected = complaint.expected.removeprefix("Value error, ")
    inside = complaint.field.partition(".conf.")[2]
    where = f"{inside}: " if inside else ""
    # A rule over several fields has received all of them, which tells nobody anything.
    is_about_one = complaint.field != _ALL_OF_IT and complaint.received is not None
    return f"{where}{expected}; received {complaint.received}." if is_about_one else f"{expected}."
