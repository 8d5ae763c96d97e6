"""The configuration file of an experiment: read strictly, and everything wrong with it said at once, by name."""

import difflib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError as FormError
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from nnt_contract.errors import FieldError
from nnt_contract.message import Message
from nnt_contract.part import Part
from nnt_contract.simulation_config import (
    BackendName,
    ConfValue,
    KerasChoice,
    Limits,
    NpzKeys,
)
from nnt_server.simulations import dataset_urls, keras_choices, limits
from nnt_server.simulations.grid import MAX_NAME_CHARACTERS, Cell, Grid

MAX_SEED = 2**31 - 1  # what every library that is seeded with it takes
_MILLION = 10**6
_MAX_TAGS = 100
_RECEIVED_MAX_CHARACTERS = 200


class ExperimentFile(NamedTuple):
    """What a configuration file says."""

    name: str
    cells: Sequence[Cell]
    tags: tuple[str, ...]
    seed: int | None  # None: one is drawn
    urls: Mapping[Part, str]  # of the datasets that do not come as files


# The keys that hold URLs.
URL_KEYS: Mapping[Part, str] = {
    "train": "dataset_train",
    "validation": "dataset_val",
    "test": "dataset_test",
}

# The lists of what Keras has to choose from, and under which key each has the name of one.
_NAME_OF_ONE = {
    "optimizers": "optimizer",
    "loss_functions": "loss_function",
    "extra-metrics": "metric",
}


class InvalidConfiguration(ValueError):
    def __init__(self, complaints: list[FieldError]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.expected}" for one in complaints))
        self.complaints = complaints


def parse(content: Mapping[str, Any]) -> ExperimentFile:
    """What the JSON object of a configuration file says; raises InvalidConfiguration."""
    given = {key: value for key, value in content.items() if value is not None}  # null is absent
    complaints = list(_two_names_for_losses(given))
    named = _with_one_name_for_losses(given)
    try:
        file = _File.model_validate(named)
    except ValidationError as error:
        details = error.errors(include_url=False)
        complaints += [_complaint(detail, given) for detail in details]
        told = {one.field for one in complaints}
        about_choices = _complaints_about_choices(_sound_part(named, details), given)
        complaints += [one for one in about_choices if not _is_inside(one.field, told)]
        raise InvalidConfiguration(complaints) from error
    grid = _grid(file)
    complaints += _complaints_about(grid, file.name, given)
    complaints += _complaints_about_choices(named, given)
    if complaints:
        raise InvalidConfiguration(complaints)
    fold_tag = [file.fold_tag] if file.fold_tag and file.folds > 1 else []
    return ExperimentFile(
        name=file.name,
        cells=grid.cells(file.name, _shared(file)),
        tags=tuple(dict.fromkeys([*file.tags, *fold_tag])),
        seed=file.seed,
        urls={part: url for part, key in URL_KEYS.items() if (url := getattr(file, key))},
    )


def names_url(content: Mapping[str, Any], part: Part) -> bool:
    """Whether the file says where this dataset is, right or wrong."""
    return bool(content.get(URL_KEYS[part]))


def _without_learning_rate(conf: dict[str, Any]) -> dict[str, Any]:
    if "learning_rate" in conf:
        raise ValueError("no learning_rate here: learning_rates has it")
    return conf


def _folds(count: int) -> int:
    if not 0 <= count <= _MILLION:
        raise ValueError(f"a whole number: 0 or 1 for no folds, or 2 to {_MILLION} of them")
    return count


def _within(name: str) -> Any:
    """Checks one limit against what this server allows."""

    def check(value: int) -> int:
        try:
            limits.bounds(name).check(value)
        except FormError as error:
            raise ValueError(error.message) from error
        return value

    return AfterValidator(check)


def _url(value: str) -> str:
    return dataset_urls.check(value) if value else value


_Line = StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS)
_KerasName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_TagText = StringConstraints(strip_whitespace=True, max_length=100)
_Tag = Annotated[str, _TagText, Field(min_length=1)]
_Count = Annotated[int, Field(ge=1, le=_MILLION)]
_Limit = Annotated[int, Field(ge=1, le=1000 * _MILLION)]
_Url = Annotated[str, AfterValidator(_url)]  # empty is absent
_Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Optimizer(Message):
    optimizer: _KerasName
    conf: Annotated[dict[str, ConfValue], AfterValidator(_without_learning_rate)] = {}


class _LossFunction(Message):
    loss_function: _KerasName
    conf: dict[str, ConfValue] = {}


class _Metric(Message):
    metric: _KerasName
    conf: dict[str, ConfValue] = {}


class _Limits(Message):
    memory_mb: Annotated[_Limit, _within("memory_mb")] | None = None
    cpu_s: Annotated[_Limit, _within("cpu_s")] | None = None
    wall_s: Annotated[_Limit, _within("wall_s")] | None = None


class _File(Message):
    name: Annotated[str, _Line]
    total_epochs: _Count
    optimizers: list[_Optimizer] = Field(min_length=1)
    loss_functions: list[_LossFunction] = Field(min_length=1)
    learning_rates: list[_Rate] = Field(min_length=1)
    dataset_train: _Url = ""
    dataset_test: _Url = ""
    dataset_val: _Url = ""
    batch_size: _Count = 32
    epoch_period: _Count = 1
    folds: Annotated[int, AfterValidator(_folds)] = Field(default=0, alias="k-fold_validation")
    fold_tag: Annotated[str, _TagText] = Field(default="", alias="k-fold_tag")
    extra_metrics: list[_Metric] = Field(
        default=[], alias="extra-metrics", max_length=keras_choices.MAX_EXTRA_METRICS
    )
    tags: list[_Tag] = Field(default=[], max_length=_MAX_TAGS)
    train_feature_name: _Key = "x_train"
    train_label_name: _Key = "y_train"
    test_feature_name: _Key = "x_test"
    test_label_name: _Key = "y_test"
    val_feature_name: _Key = "x_val"
    val_label_name: _Key = "y_val"
    label_column: Annotated[str, Field(max_length=200)] = ""  # of a table; an .npz file has none
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] | None = None
    backend: BackendName = keras_choices.USUAL_BACKEND
    gpu: bool = False
    limits: _Limits = _Limits()


def _with_one_name_for_losses(given: dict[str, Any]) -> dict[str, Any]:
    # The report's files have both names for the same list.
    if "loss_function" not in given:
        return given
    others = {key: value for key, value in given.items() if key != "loss_function"}
    return {"loss_functions": given["loss_function"], **others}


def _two_names_for_losses(given: Mapping[str, Any]) -> Iterator[FieldError]:
    if "loss_function" in given and "loss_functions" in given:
        yield _error("loss_function", "either loss_function or loss_functions, not both")


def _complaints_about(grid: Grid, name: str, given: Mapping[str, Any]) -> Iterator[FieldError]:
    keys = {"folds": "k-fold_validation"}
    if "loss_function" in given:
        keys["loss_functions"] = "loss_function"
    most = settings.NNT.max_simulations_per_experiment
    for about, expected, received in grid.complaints(name, most):
        yield FieldError(field=keys.get(about, about), expected=expected, received=received)


def _complaints_about_choices(
    sound: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[FieldError]:
    """What Keras would not take of the part of the file that is sound, in the file's own names."""
    for complaint in keras_choices.complaints(*(_choices(sound, key) for key in _NAME_OF_ONE)):
        kind, *inside = complaint.field.split(".")
        key = "extra-metrics" if kind == "extra_metrics" else kind
        if inside[1:] == ["name"]:
            inside[1] = _NAME_OF_ONE[key]
        if key == "loss_functions" and "loss_function" in given:
            key = "loss_function"
        yield complaint.model_copy(update={"field": ".".join([key, *inside])})


def _choices(sound: Mapping[str, Any], key: str) -> list[KerasChoice | None]:
    """Those of a list, of which what is wrong was left out; None for one without a name."""
    name = _NAME_OF_ONE[key]
    return [
        KerasChoice(name=one[name], conf=one.get("conf", {})) if one and name in one else None
        for one in sound.get(key, [])
    ]


def _sound_part(content: Mapping[str, Any], details: Iterable[Any]) -> dict[str, Any]:
    """The same without what pydantic found wrong; in lists None stands for it."""
    sound = deepcopy(dict(content))
    for detail in details:
        *path, last = detail["loc"]
        inside: Any = sound
        for step in path:
            inside = inside[step] if isinstance(inside, list) else (inside or {}).get(step)
        if isinstance(inside, list):
            inside[last] = None
        elif inside:
            inside.pop(last, None)
    return sound


def _is_inside(field: str, others: Container[str]) -> bool:
    """Whether it is one of the others, or a part of one."""
    path = field.split(".")
    return any(".".join(path[:end]) in others for end in range(1, len(path) + 1))


def _complaint(detail: Any, given: Mapping[str, Any]) -> FieldError:
    """What pydantic found, in the sender's own names."""
    location = list(detail["loc"])
    if location[0] == "loss_functions" and "loss_function" in given:
        location[0] = "loss_function"
    field = ".".join(map(str, location))
    if detail["type"] == "missing":
        return _error(field, "it must be there")
    expected = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        expected = f"no such key ({_nearest(detail['loc'])})"
    return _error(field, expected, detail["input"])


def _error(field: str, expected: str, *received: Any) -> FieldError:
    text = repr(received[0])[:_RECEIVED_MAX_CHARACTERS] if received else None
    return FieldError(field=field, expected=expected, received=text)


def _nearest(location: tuple[int | str, ...]) -> str:
    inside: dict[str, type[BaseModel]] = {
        "optimizers": _Optimizer,
        "loss_functions": _LossFunction,
        "extra-metrics": _Metric,
        "limits": _Limits,
    }
    model = inside[str(location[0])] if len(location) > 1 else _File
    keys = [field.alias or name for name, field in model.model_fields.items()]
    near = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"


def _grid(file: _File) -> Grid:
    return Grid(
        optimizers=[KerasChoice(name=one.optimizer, conf=one.conf) for one in file.optimizers],
        loss_functions=[
            KerasChoice(name=one.loss_function, conf=one.conf) for one in file.loss_functions
        ],
        learning_rates=file.learning_rates,
        folds=file.folds,
    )


def _shared(file: _File) -> dict[str, Any]:
    """What the configurations of all the file's simulations have in common."""
    asked = file.limits.model_dump()
    return {
        "batch_size": file.batch_size,
        "total_epochs": file.total_epochs,
        "epoch_period": file.epoch_period,
        "train": NpzKeys(features=file.train_feature_name, labels=file.train_label_name),
        "validation": NpzKeys(features=file.val_feature_name, labels=file.val_label_name),
        "test": NpzKeys(features=file.test_feature_name, labels=file.test_label_name),
        "label_column": file.label_column,
        "extra_metrics": [
            KerasChoice(name=one.metric, conf=one.conf) for one in file.extra_metrics
        ],
        "backend": file.backend,
        "gpu": file.gpu,
        "limits": Limits(
            **{name: asked[name] or limits.bounds(name).usual for name in limits.NAMES}
        ),
    }
