"""How numbers and JSON are written in a page."""

import json
import math
from typing import Any

from django import template

register = template.Library()

_PLAIN = range(-3, 5)  # powers of ten that are read more easily without an exponent


@register.filter
def metric(value: float | str | None) -> str:
    """A loss or an accuracy: four decimals, or an exponent where those would say nothing."""
    if not isinstance(value, float):  # Django writes the empty text for what is not there at all
        return "—"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0 or math.floor(math.log10(abs(value))) in _PLAIN:
        return f"{value:.4f}"
    return f"{value:.3e}"


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def as_line_of_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
