"""What every message has in common, and the numbers and texts they carry."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Message(BaseModel):
    # A misspelt or unknown field is a bug in the sender: refuse it here, not three services later.
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def number_from_json(value: Any) -> Any:
    """The float that one of the three strings "NaN", "Infinity", "-Infinity" stands for; anything else as it came."""
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value


def number_to_json(value: float) -> float | str:
    """A finite float as it is, any other as the string that JSON has no literal for."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text without NUL")
    return value


# The database keeps no NUL in a text: what has one would be taken, and could never be stored.
Text = Annotated[str, AfterValidator(_without_nul)]

# A diverged loss is data: it crosses as a string, because JSON has no literal for it.
Number = Annotated[
    float,
    BeforeValidator(number_from_json),
    PlainSerializer(number_to_json, when_used="json"),
]
