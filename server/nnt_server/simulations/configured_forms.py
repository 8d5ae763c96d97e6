"""Simulations whose configuration comes as a file: from the page, and part by part from a program."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from nnt_contract.errors import FieldError
from nnt_contract.simulation_config import Part
from nnt_server.simulations.configuration_file import ExperimentFile, InvalidConfiguration, parse
from nnt_server.simulations.fields import DatasetFile, ModelFile
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
    """A configuration file; its value is what it says."""

    def clean(self, data: Any, initial: Any = None) -> ExperimentFile:
        file: UploadedFile[bytes] = super().clean(data, initial)
        if (file.size or 0) > _MAX_BYTES:
            raise ValidationError(f"At most 1 MB was expected; received {file.size} bytes.")
        try:
            return parse(parse_object(file.read()))
        except InvalidJson as error:
            raise ValidationError(str(error)) from error
        except InvalidConfiguration as error:
            raise ValidationError([Complaint(one) for one in error.complaints]) from error


class ConfiguredSimulationForm(NewSimulationForm):
    """The page's form when it has a configuration file: what else was typed is not looked at."""

    config = ConfigurationField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if not isinstance(field, forms.FileField):
                self.fields[name] = _not_looked_at(field)

    def clean(self) -> dict[str, Any]:
        if file := self.cleaned_data.get("config"):
            self.cleaned_data |= {
                "name": file.name,
                "configuration": file.configuration,
                "tags": file.tags,
            }
        return self.cleaned_data

    @property
    def seed(self) -> int | None:
        file: ExperimentFile = self.cleaned_data["config"]
        return file.seed


class ExperimentParts(forms.Form):
    """The parts of a program's request."""

    model = ModelFile()
    config = ConfigurationField()
    train = DatasetFile()
    val = DatasetFile()
    test = DatasetFile()

    @property
    def files_by_part(self) -> "dict[Part, UploadedFile[bytes]]":
        names: dict[Part, str] = {"train": "train", "validation": "val", "test": "test"}
        return {part: self.cleaned_data[name] for part, name in names.items()}


def _not_looked_at(field: forms.Field) -> forms.Field:
    """Drawn as it was; it takes everything."""
    return forms.Field(
        required=False,
        widget=field.widget,
        label=field.label,
        initial=field.initial,
        help_text=field.help_text,
    )
