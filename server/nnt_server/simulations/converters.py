"""How parts of an address become values."""

from functools import cache

from django.urls import register_converter

from nnt_contract.status import Command


class CommandConverter:
    regex = "|".join(command.value for command in Command)

    def to_python(self, value: str) -> Command:
        return Command(value)

    def to_url(self, value: Command) -> str:
        return value.value


@cache
def register() -> None:
    """Makes them known to Django, once, whichever addresses are read first."""
    register_converter(CommandConverter, "command")
