"""JSON as people bring it: read strictly, and only what PostgreSQL can keep."""

import json
import math
import re
from typing import Any, NoReturn

_MAX_DEPTH = 200
_NOT_IN_JSONB = re.compile("[\x00\ud800-\udfff]")


class InvalidJson(ValueError):
    """Says in words for its author what was expected and what came."""


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object that `text` is; raises InvalidJson."""
    value = _parse(text)
    if not isinstance(value, dict):
        raise InvalidJson(f"A JSON object, {{…}}, was expected; received {_kind(value)}.")
    _refuse_what_cannot_be_kept(value)
    return value


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except InvalidJson:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidJson(f"JSON was expected; in {where} it is not: {error.msg}.") from error
    except UnicodeDecodeError as error:
        raise InvalidJson("JSON was expected; received bytes that are not text.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # Python's own limit of digits
        raise InvalidJson("It holds a number with too many digits.") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise InvalidJson(f"The key “{key[:100]}” stands twice in the same object.")
        result[key] = value
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON: numbers must be finite.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InvalidJson(f"The number {digits[:40]} is too large.")
    return number


def _refuse_what_cannot_be_kept(value: Any) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        if not level:
            return
        level = [item for container in level for item in _items(container)]
        for text in level:
            if isinstance(text, str) and _NOT_IN_JSONB.search(text):
                raise InvalidJson(
                    "A text in it holds a NUL or half a character, which cannot be stored."
                )
    raise _too_deep()


def _items(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    return container if isinstance(container, list) else []


def _too_deep() -> InvalidJson:
    return InvalidJson(f"It is nested deeper than {_MAX_DEPTH} levels.")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return json.dumps(value)[:40]
