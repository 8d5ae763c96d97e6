"""How states, commands and events are said to people."""

from collections.abc import Mapping

from nnt_contract.part import named
from nnt_contract.status import Command, Status

_MB = 10**6

PLATFORM = "the platform"  # who changes a status; in a table of people's names it must be nobody's

_DONE: Mapping[Command, str] = {
    Command.PAUSE: "paused",
    Command.RESUME: "resumed",
    Command.STOP: "stopped",
    Command.START: "started again",
}
_ASKED: Mapping[str, str] = {
    "create": "created it",
    "pause": "asked to pause",
    "resume": "asked to resume",
    "stop": "asked to stop",
    "start": "asked to start again",
    "delete": "asked to delete",
}


def state(status: Status, shown: Status) -> str:
    """The state that is shown, or, where the deployer has not brought it about yet, that it is on its way there."""
    if status is shown:
        return shown.value
    match shown:
        case Status.PAUSED:
            return "pausing"
        case Status.QUEUED if status is Status.PAUSED:
            return "resuming"
        case Status.QUEUED:
            return "starting"
        case _:
            return shown.value  # stopping and deleting are on their way by their own names


def refusal(name: str, label: str, command: Command) -> str:
    """Why this command is not possible now, and when it is."""
    possible = [status.value for status in Status if status in command.possible_in]
    *others, last = possible
    states = f"{', '.join(others)} or {last}" if others else last
    return f"“{name}” is {label}. Only what is {states} can be {_DONE[command]}."


def acknowledgement(name: str, command: Command) -> str:
    return f"“{name}” is being {_DONE[command]}."


def fetch_waits(part: str) -> str:
    return f"the {named(part).lower()} waits to be fetched"


def fetching(part: str, received_bytes: int, total_bytes: int | None) -> str:
    """How far it is, in megabytes of so many, where that is known."""
    received = f"{received_bytes / _MB:,.1f}"
    so_far = (
        f"{received} MB so far"
        if total_bytes is None
        else f"{received} of {total_bytes / _MB:,.1f} MB"
    )
    return f"fetching the {named(part).lower()}: {so_far}"


def inspecting_data(is_under_way: bool) -> str:
    return "the data are being inspected" if is_under_way else "the data wait to be inspected"


def inspecting_model(is_under_way: bool) -> str:
    return "the model is being inspected" if is_under_way else "the model waits to be inspected"


def event(what: str, status: str | None) -> str:
    return f"became {status}" if status is not None else _ASKED.get(what, what)
