"""How numbers and JSON are written in a page."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django import template

register = template.Library()

_PLAIN = range(-3, 5)  # powers of ten that are read more easily without an exponent
_MANY_MIB = 10_000
_LONG_SECONDS = 100
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# Below so many seconds, what it is counted in.
_ABOUT = (
    (1.5 * _HOUR, _MINUTE, "min"),
    (1.5 * _DAY, _HOUR, "h"),
    (math.inf, _DAY, "days"),
)


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
def loss_first(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Then the others by name: a database keeps them in no order that means anything."""
    return sorted(metrics.items(), key=lambda one: (one[0] != "loss", one[0]))


@register.filter
def memory(value: float | str | None) -> str:
    """Bytes, in MiB, or in GiB where those are many."""
    if not isinstance(value, int | float):
        return "—"
    if value < _MANY_MIB * 2**20:
        return f"{value / 2**20:,.0f} MiB"
    return f"{value / 2**30:,.1f} GiB"


@register.filter
def mebibytes(value: int) -> str:
    return f"{value:,} MiB"


@register.filter
def duration(seconds: float | str | None) -> str:
    """Hours, minutes and seconds: 1:00:00."""
    if not isinstance(seconds, int | float):
        return "—"
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes // 60:,}:{minutes % 60:02}:{left:02}"


@register.filter
def seconds(value: float | str | None) -> str:
    """How long something took: 0.012 s, 12.3 s, or as a duration where that is long."""
    if not isinstance(value, int | float):
        return "—"
    return f"{value:.3g}\u202fs" if value < _LONG_SECONDS else duration(value)


@register.filter
def about(value: float) -> str:
    """How long something will take, as far as one knows such things."""
    if value < _MINUTE:
        return "less than a minute"
    unit, name = next((unit, name) for limit, unit, name in _ABOUT if value < limit)
    return f"about {round(value / unit)} {name}"


@register.filter
def rate(value: float | str | None) -> str:
    """A learning rate."""
    if not isinstance(value, float):
        return "—"
    return f"{value:.4g}" if math.isfinite(value) else metric(value)


@register.filter
def limits(given: Mapping[str, int | None] | str) -> str:
    """What nnt_contract's Limits say; Django writes the empty text for a simulation that is older than they are."""
    if isinstance(given, str):
        return "none"
    said = (
        f"{mebibytes(value)} of memory" if (value := given.get("memory_mb")) else "",
        f"{duration(value)} of processor time" if (value := given.get("cpu_s")) else "",
        f"{duration(value)} of training time" if (value := given.get("wall_s")) else "",
    )
    return ", ".join(filter(None, said)) or "none"


@register.filter
def percent(value: float | str | None) -> str:
    return f"{value:.0f}\u202f%" if isinstance(value, int | float) else "—"


@register.filter
def share(part: float, whole: float) -> str:
    """How many percent of the whole this is."""
    return percent(100 * part / whole if whole else None)


@register.filter
def shape(sizes: Sequence[int]) -> str:
    """28 × 28"""
    return " × ".join(f"{size:,}" for size in sizes) or "1"


@register.filter
def as_keras(sizes: Sequence[int | None]) -> str:
    """(None, 28, 28), where None is any size"""
    return str(tuple(sizes))


@register.filter
def size(sizes: Sequence[int]) -> int:
    """How many values there are in an array of this shape."""
    return math.prod(sizes)


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def as_line_of_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
