"""What a person fills in for a new simulation."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from nnt_contract.errors import FieldError
from nnt_contract.part import PARTS, Part
from nnt_contract.simulation_config import KerasChoice
from nnt_server.form_fields import describe_fields
from nnt_server.simulations import dataset_urls, form_values, keras_choices, limits
from nnt_server.simulations.fields import (
    Backend,
    DatasetUrl,
    Duration,
    JsonText,
    ModelFile,
    Number,
    TagNames,
    WholeNumber,
)
from nnt_server.simulations.form_rows import add_rows
from nnt_server.simulations.grid import MAX_NAME_CHARACTERS, Grid

_MILLION = 10**6
_DATASETS = ".npz,.csv,.arff,.json,.pkl,.pickle,.zip"  # a hint: their content says what they are
# What there may be several of, each with its fields.
_OPTIMIZER = ("optimizer", "optimizer_conf")
_LOSS_FUNCTION = ("loss_function", "loss_function_conf")
_METRIC = ("metric", "metric_conf")  # all of them in every simulation
_LEARNING_RATE = ("learning_rate",)
_ROWS: tuple[tuple[str, ...], ...] = (_OPTIMIZER, _LOSS_FUNCTION, _METRIC, _LEARNING_RATE)
_FIELD_OF_GRID = {
    "optimizers": "optimizer",
    "loss_functions": "loss_function",
    "learning_rates": "learning_rate",
}
_FIELDS_OF_CHOICE = {
    "optimizers": _OPTIMIZER,
    "loss_functions": _LOSS_FUNCTION,
    "extra_metrics": _METRIC,
}


def _keys(features: str, labels: str) -> tuple[forms.CharField, forms.CharField]:
    return (
        forms.CharField(label="Features key", initial=features, max_length=200),
        forms.CharField(label="Labels key", initial=labels, max_length=200),
    )


def _source(label: str) -> tuple[forms.FileField, DatasetUrl]:
    return (
        # Telling its format and reading it are left to a process with limits.
        forms.FileField(label=label, required=False),
        DatasetUrl(label="or its URL", required=False, max_length=dataset_urls.MAX_CHARACTERS),
    )


def _choice(names: str, **told: Any) -> forms.CharField:
    """The name of one of what Keras has; `names` are suggested."""
    widget = forms.TextInput(attrs={"list": names})
    return forms.CharField(max_length=100, widget=widget, **told)


def _arguments(label: str, help_text: str) -> JsonText:
    return JsonText(
        label=label,
        initial="{}",
        required=False,
        max_length=20_000,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )


class NewSimulationForm(forms.Form):
    config = forms.FileField(
        label="Configuration file",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    optimizer_names = keras_choices.OPTIMIZERS
    loss_function_names = keras_choices.LOSS_FUNCTIONS
    metric_names = keras_choices.METRICS

    name = forms.CharField(
        max_length=MAX_NAME_CHARACTERS, help_text="How you will find it in the list."
    )
    tags = TagNames(required=False, help_text="Labels that group simulations, separated by commas.")
    model = ModelFile(
        label="Model",
        help_text="A JSON file with what Keras' model.to_json() returns.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    backend = Backend(
        help_text="What Keras computes with; torch where simulations have it installed."
    )

    train_file, train_url = _source("Training data")
    train_features, train_labels = _keys("x_train", "y_train")
    validation_file, validation_url = _source("Validation data")
    validation_features, validation_labels = _keys("x_val", "y_val")
    test_file, test_url = _source("Test data")
    test_features, test_labels = _keys("x_test", "y_test")
    label_column = forms.CharField(
        label="Label column",
        required=False,
        max_length=200,
        help_text="Of tables: csv, arff, JSON, a pickled DataFrame. All their other columns are features.",
    )

    total_epochs = WholeNumber(label="Total epochs", initial=20, max_value=_MILLION)
    epoch_period = WholeNumber(
        label="Epoch period",
        initial=1,
        max_value=_MILLION,
        help_text="Metrics and weights are collected every so many epochs, and after the last.",
    )
    batch_size = WholeNumber(label="Batch size", initial=32, max_value=_MILLION)
    learning_rate = Number(
        label="Learning rate",
        initial=0.001,
        widget=forms.NumberInput(attrs={"step": "any", "min": 0}),
    )

    optimizer = _choice("optimizer-names", initial="adam", help_text="Its name in Keras.")
    optimizer_conf = _arguments(
        "Optimizer's arguments", 'A JSON object, for example {"weight_decay": 0.01}.'
    )
    loss_function = _choice(
        "loss_function-names",
        label="Loss function",
        initial="SparseCategoricalCrossentropy",
        help_text="Its name in Keras.",
    )
    loss_function_conf = _arguments(
        "Loss function's arguments",
        'A model whose last layer is linear (no softmax) needs {"from_logits": true}.',
    )

    metric = _choice(
        "metric-names",
        label="Extra metric",
        required=False,
        help_text="Its name in Keras. Left empty: none.",
    )
    metric_conf = _arguments(
        "Extra metric's arguments",
        'A JSON object, for example {"k": 3}; its “name” is what the metric is collected as.',
    )

    folds = WholeNumber(
        required=False,
        min_value=0,
        max_value=_MILLION,
        help_text="Left empty, or below 2: none. There is a simulation for each.",
    )
    fold_tag = forms.CharField(
        label="Tag of the folds", required=False, max_length=100, help_text="What they share."
    )

    limit_memory_mb = WholeNumber(
        label="Memory (MiB)", required=False, min_value=1, max_value=_MILLION * 1000
    )
    limit_cpu_s = Duration(label="Processor time", required=False)
    limit_wall_s = Duration(label="Training time", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endings = {names: add_rows(self, names) for names in _ROWS}
        for bounds in map(limits.bounds, limits.NAMES):
            field = self.fields[f"limit_{bounds.name}"]
            field.help_text = bounds.in_words
            field.validators.append(bounds.check)
        describe_fields(self)
        for part in PARTS:
            self.fields[f"{part}_file"].widget.attrs["accept"] = _DATASETS

    @property
    def max_upload_mb(self) -> int:
        return settings.NNT.max_upload_mb

    @property
    def max_simulations(self) -> int:
        return settings.NNT.max_simulations_per_experiment

    @property
    def rows(self) -> dict[str, list[list[forms.BoundField]]]:
        """The fields of each row, by the first of its fields."""
        return {
            names[0]: [[self[name + ending] for name in names] for ending in endings]
            for names, endings in self._endings.items()
        }

    @property
    def seed(self) -> int | None:
        return None  # one is drawn

    @property
    def files_by_part(self) -> "dict[Part, UploadedFile[bytes]]":
        given = {part: self.cleaned_data.get(f"{part}_file") for part in PARTS}
        return {part: file for part, file in given.items() if file}

    @property
    def urls_by_part(self) -> dict[Part, str]:
        given = {part: self.cleaned_data.get(f"{part}_url") for part in PARTS}
        return {part: url for part, url in given.items() if url}

    def clean(self) -> dict[str, Any]:
        for part in PARTS:
            self._check_source(part)
        for values, ending in self._parts():
            for complaint in form_values.complaints(values):
                field = form_values.field_of(complaint) + ending
                self.add_error(field, form_values.sentence(complaint))
        self._check_choices()
        self._check_metrics()
        if not self.errors:
            self._combine()
        return self.cleaned_data

    def _parts(self) -> Iterator[tuple[dict[str, Any], str]]:
        """What can be wrong by itself: what stands once, and each row, with what the names of its fields end in."""
        yield self.cleaned_data, ""
        for names, endings in self._endings.items():
            for ending in endings[1:]:
                yield self._row(names, ending), ending

    def _row(self, names: Sequence[str], ending: str) -> dict[str, Any]:
        sent = self.cleaned_data
        return {name: sent[name + ending] for name in names if name + ending in sent}

    def _choices(self, names: tuple[str, ...]) -> list[KerasChoice | None]:
        """One for each row; None where its name is wrong, or it is empty."""
        name, conf = names
        rows = [self._row(names, ending) for ending in self._endings[names]]
        return [
            KerasChoice(name=row[name], conf=row.get(conf, {})) if row.get(name) else None
            for row in rows
        ]

    def _check_choices(self) -> None:
        """What Keras would not take of the choices, as far as they are sound."""
        wrong = set(self.errors)
        choices = [self._choices(names) for names in _FIELDS_OF_CHOICE.values()]
        for found in keras_choices.complaints(*choices):
            if (field := self._field_of_choice(found)) not in wrong:
                self.add_error(field, form_values.sentence(found))

    def _check_metrics(self) -> None:
        """That there are not too many, and none is but arguments."""
        count = sum(choice is not None for choice in self._choices(_METRIC))
        if count > keras_choices.MAX_EXTRA_METRICS:
            most = f"At most {keras_choices.MAX_EXTRA_METRICS} extra metrics were expected"
            self.add_error("metric", f"{most}; received {count}.")
        for ending in self._endings[_METRIC]:
            row = self._row(_METRIC, ending)
            if row.get("metric") == "" and row.get("metric_conf"):
                self.add_error(f"metric{ending}", "A metric was expected, as it has arguments.")

    def _field_of_choice(self, complaint: FieldError) -> str:
        kind, *inside = complaint.field.split(".")
        names = name, conf = _FIELDS_OF_CHOICE[kind]
        if not inside:
            return name
        row, *what = inside
        return (name if what == ["name"] else conf) + self._endings[names][int(row)]

    def _combine(self) -> None:
        sent = self.cleaned_data
        optimizers, losses, metrics = (
            list(filter(None, self._choices(names))) for names in _FIELDS_OF_CHOICE.values()
        )
        grid = Grid(
            optimizers=optimizers,
            loss_functions=losses,
            learning_rates=[
                sent[f"learning_rate{ending}"] for ending in self._endings[_LEARNING_RATE]
            ],
            folds=sent["folds"] or 0,
        )
        for about, expected, received in grid.complaints(sent["name"], self.max_simulations):
            told = f"{expected[0].upper()}{expected[1:]}; received {received}."
            self.add_error(_FIELD_OF_GRID.get(about, about), told)
        if self.errors:
            return
        shared = {
            key: value
            for key, value in form_values.configuration(sent).items()
            if key not in _FIELD_OF_GRID.values()
        }
        sent["cells"] = grid.cells(sent["name"], shared | {"extra_metrics": metrics})
        if grid.folds > 1 and sent["fold_tag"]:
            sent["tags"] = list(dict.fromkeys([*sent["tags"], sent["fold_tag"]]))

    def _check_source(self, part: Part) -> None:
        file, url = f"{part}_file", f"{part}_url"
        if file in self.errors or url in self.errors:
            return
        if part in self.files_by_part and part in self.urls_by_part:
            self.add_error(url, "Either a file or a URL was expected; received both.")
        elif part not in self.files_by_part and part not in self.urls_by_part:
            self.add_error(file, "A file or a URL was expected; received neither.")
