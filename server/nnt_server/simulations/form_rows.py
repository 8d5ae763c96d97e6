"""Fields that a form has as often as somebody wants: `optimizer`, then `optimizer-2`, `optimizer-5` and so on."""

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy

from django import forms

_MORE = re.compile(r"-[1-9]\d{0,5}", re.ASCII)


def endings(sent: Iterable[str], names: Sequence[str]) -> list[str]:
    """What the names of the fields of each row end in, by the names of everything that was sent."""
    found = {
        ending
        for field in sent
        for name in names
        if field.startswith(name) and _MORE.fullmatch(ending := field.removeprefix(name))
    }
    return ["", *sorted(found, key=lambda ending: int(ending[1:]))]


def add_rows(form: forms.Form, names: Sequence[str]) -> list[str]:
    """Gives the form the fields that were sent besides the first ones; returns the endings of all rows."""
    found = endings(form.data, names)
    for ending in found[1:]:
        for name in names:
            field = deepcopy(form.base_fields[name])
            field.help_text = ""  # the first row tells it
            form.fields[name + ending] = field
    return found
