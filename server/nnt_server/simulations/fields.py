"""The form fields of a new simulation: each turns what was sent into a value, or says what was expected."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from nnt_contract import keras_model, model_file, model_shape
from nnt_server.simulations import dataset_urls, keras_choices
from nnt_server.simulations.json_text import InvalidJson, parse_object

_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d)", re.ASCII)
_BYTES_PER_MB = 10**6
_TAG_CHARACTERS = 100


class WholeNumber(forms.IntegerField):
    def to_python(self, value: Any) -> int | None:
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(f"A whole number was expected; received “{value}”.") from None


class Number(forms.FloatField):
    def to_python(self, value: Any) -> Any:  # a float; Django derives it from IntegerField
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(f"A number was expected; received “{value}”.") from None


class Duration(forms.Field):
    """Seconds, or h:mm:ss; its value is seconds, or None where it is left empty."""

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        seconds = _seconds(text)
        if not seconds:
            raise ValidationError(f"Seconds or h:mm:ss were expected; received “{text[:50]}”.")
        return seconds


class JsonText(forms.CharField):
    """A JSON object in a text field."""

    widget = forms.Textarea

    def clean(self, value: Any) -> dict[str, Any]:
        try:
            return parse_object(super().clean(value) or "{}")
        except InvalidJson as error:
            raise ValidationError(str(error)) from error


class TagNames(forms.CharField):
    """Names separated by commas; its value is a list."""

    def clean(self, value: Any) -> list[str]:
        names = [name.strip() for name in super().clean(value).split(",")]
        for name in names:
            if len(name) > _TAG_CHARACTERS:
                raise ValidationError(
                    f"At most {_TAG_CHARACTERS} characters were expected; “{name[:50]}…” has {len(name)}."
                )
        return list(dict.fromkeys(filter(None, names)))


class ModelFile(forms.FileField):
    """A file with what Keras' model.to_json() returns."""

    def clean(self, data: Any, initial: Any = None) -> dict[str, Any]:
        file: UploadedFile[bytes] = super().clean(data, initial)
        limit = settings.NNT.max_model_mb
        if (file.size or 0) > limit * _BYTES_PER_MB:
            size = (file.size or 0) / _BYTES_PER_MB
            raise ValidationError(f"At most {limit} MB were expected; received {size:.1f} MB.")
        try:
            model = _keras_model(file.read())
        except InvalidJson as error:
            raise ValidationError(str(error)) from error
        if problems := keras_model.problems(model) or model_shape.problems(model):
            raise ValidationError(keras_model.sentences(problems))
        return model


class Backend(forms.ChoiceField):
    """What Keras computes with; its value is the usual one where none is chosen."""

    def __init__(self, **options: Any) -> None:
        names = keras_choices.BACKENDS
        expected = f"{' or '.join(names)} was expected; received “%(value)s”."
        super().__init__(
            choices=[(name, name) for name in names],
            initial=keras_choices.USUAL_BACKEND,
            required=False,
            error_messages={"invalid_choice": expected},
            **options,
        )

    def clean(self, value: Any) -> str:
        return super().clean(value) or keras_choices.USUAL_BACKEND


class DatasetUrl(forms.CharField):
    """Where a dataset is to be fetched from."""

    widget = forms.URLInput

    def clean(self, value: Any) -> str:
        url: str = super().clean(value)
        try:
            return dataset_urls.check(url) if url else url
        except ValueError as error:
            raise ValidationError(f"Expected {error}; received “{url[:200]}”.") from error


def _seconds(text: str) -> int | None:
    if _SECONDS.fullmatch(text):
        return int(text)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = map(int, clock.groups())
        return (hours * 60 + minutes) * 60 + seconds
    return None


def _keras_model(content: bytes) -> dict[str, Any]:
    if refusal := model_file.refusal(content):
        raise InvalidJson(refusal)
    model = parse_object(content)
    if not {"class_name", "config"} <= model.keys():
        keys = ", ".join(f"“{key}”" for key in list(model)[:8]) or "no keys"
        raise InvalidJson(
            "A Keras model, an object with “class_name” and “config” as model.to_json() "
            f"writes it, was expected; received an object with {keys}."[:500]
        )
    return model
