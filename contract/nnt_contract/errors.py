"""The one body in which every service reports an error."""

from collections.abc import Iterable

from pydantic import ValidationError

from nnt_contract.message import Message
from nnt_contract.printable import printable

_RECEIVED_MAX_CHARACTERS = 200


class FieldError(Message):
    field: str  # its path, as the sender wrote it: "optimizer.conf.beta_1"
    expected: str
    received: str | None = None


class ErrorBody(Message):
    """`error` is a word for programs, `message` a sentence for people, `fields` every wrong field at once."""

    error: str
    message: str
    fields: tuple[FieldError, ...] = ()


class ContractError(Exception):
    """A message that does not keep to the contract; `body` is what to answer."""

    def __init__(self, body: ErrorBody) -> None:
        super().__init__(describe(body))
        self.body = body


def describe(body: ErrorBody) -> str:
    """The body as text for a log or a page."""
    details = "; ".join(
        f"{f.field}: {f.expected}" + (f", received {f.received}" if f.received else "")
        for f in body.fields
    )
    return f"{body.message} ({details})" if details else body.message


def contract_error(what: str, error: ValidationError) -> ContractError:
    """Translates pydantic's account of what is wrong with `what` ("the update", say)."""
    fields = tuple(
        FieldError(
            field=printable(".".join(str(part) for part in detail["loc"])) or what,
            expected=detail["msg"],
            received=None
            if detail["type"] == "missing"
            else repr(detail["input"])[:_RECEIVED_MAX_CHARACTERS],
        )
        for detail in error.errors(include_url=False)
    )
    names = ", ".join(_unique(field.field for field in fields))
    return ContractError(
        ErrorBody(error="invalid", message=f"{what} is not valid: {names}", fields=fields)
    )


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
