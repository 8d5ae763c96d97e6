"""Simulations whose configuration comes as a file: from the page, and part by part from a program."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from nnt_contract.errors import FieldError
from nnt_contract.part import PARTS, Part
from nnt_server.simulations.configuration_file import (
    URL_KEYS,
    ExperimentFile,
    InvalidConfiguration,
    names_url,
    parse,
)
from nnt_server.simulations.fields import ModelFile
from nnt_server.simulations.forms import NewSimulationForm
from nnt_server.simulations.json_text import InvalidJson, parse_object

_MAX_BYTES = 10**6


class Complaint(ValidationError):
    """One thing that is wrong with a configuration file, kept in pieces for programs."""

    def __init__(self, complaint: FieldError) -> None:
        received = f"; received {complaint.received}" if complaint.received else ""
        super().__init__(f"{complaint.field}: {complaint.expected.rstrip('.')}{received}.")
        self.complaint = complaint


class ConfigurationField(forms.FileField):
    """A configuration file; its value is the JSON object in it."""

    def clean(self, data: Any, initial: Any = None) -> dict[str, Any]:
        file: UploadedFile[bytes] = super().clean(data, initial)
        if (file.size or 0) > _MAX_BYTES:
            raise ValidationError(f"At most 1 MB was expected; received {file.size} bytes.")
        try:
            return parse_object(file.read())
        except InvalidJson as error:
            raise ValidationError(str(error)) from error


class _Configured(forms.Form):
    """Has a configuration file, which may say where datasets are that do not come along."""

    config: forms.FileField = ConfigurationField()

    file_fields: Mapping[Part, str]
    _content: Mapping[str, Any] = {}  # of the configuration file, as far as it is JSON

    def clean_config(self) -> ExperimentFile:
        self._content = self.cleaned_data["config"]
        try:
            return parse(self._content)
        except InvalidConfiguration as error:
            raise ValidationError([Complaint(one) for one in error.complaints]) from error

    def clean(self) -> dict[str, Any]:
        for part, field in self.file_fields.items():
            has_file, has_url = field in self.files, names_url(self._content, part)
            key = URL_KEYS[part]
            if has_file and has_url:
                expected = f"either a URL here or the file “{field}”, not both"
                self.add_error("config", Complaint(FieldError(field=key, expected=expected)))
            elif not has_file and not has_url:
                expected = f"A file was expected, or its URL as {key} in the configuration file."
                self.add_error(field, expected)
        return self.cleaned_data

    @property
    def seed(self) -> int | None:
        return self._said.seed

    @property
    def files_by_part(self) -> "dict[Part, UploadedFile[bytes]]":
        given = {part: self.cleaned_data[field] for part, field in self.file_fields.items()}
        return {part: file for part, file in given.items() if file}

    @property
    def urls_by_part(self) -> dict[Part, str]:
        return dict(self._said.urls)

    @property
    def _said(self) -> ExperimentFile:
        said: ExperimentFile = self.cleaned_data["config"]
        return said


class ConfiguredSimulationForm(_Configured, NewSimulationForm):
    """The page's form when it has a configuration file: what else was typed is not looked at."""

    file_fields = {part: f"{part}_file" for part in PARTS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if not isinstance(field, forms.FileField):
                self.fields[name] = _not_looked_at(field)

    def clean(self) -> dict[str, Any]:
        super().clean()
        if file := self.cleaned_data.get("config"):
            self.cleaned_data |= {
                "name": file.name,
                "cells": file.cells,
                "tags": file.tags,
            }
        return self.cleaned_data


class ExperimentParts(_Configured):
    """The parts of a program's request."""

    model = ModelFile()
    train = forms.FileField(required=False)
    val = forms.FileField(required=False)
    test = forms.FileField(required=False)

    file_fields = {"train": "train", "validation": "val", "test": "test"}


def _not_looked_at(field: forms.Field) -> forms.Field:
    """Drawn as it was; it takes everything."""
    return forms.Field(
        required=False,
        widget=field.widget,
        label=field.label,
        initial=field.initial,
        help_text=field.help_text,
    )
