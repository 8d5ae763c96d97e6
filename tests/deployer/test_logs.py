"""The log of all attempts as one text."""

from uuid import uuid4

import pytest

from nnt_contract.log_part import LogPart
from nnt_deployer.launchers.base import Handle
from nnt_deployer.logs import SimulationLog
from nnt_service.errors import Malformed
from tests.deployer.in_process import InProcessLauncher

SIM = uuid4()


class Printed(InProcessLauncher):
    """What each attempt has printed."""

    def __init__(self, *logs: bytes) -> None:
        super().__init__()
        self.logs = {Handle(SIM, attempt): log for attempt, log in enumerate(logs, 1)}

    def _log(self, handle: Handle) -> bytes:
        return self.logs.get(handle, b"")


def read(log: SimulationLog, cursor: str = "") -> tuple[str, str]:
    """Everything that follows the cursor, part by part, and the cursor after it."""
    text = ""
    while True:
        part = log.after(cursor)
        text, cursor = text + part.text, part.after
        if not part.more:
            return text, cursor


def test_the_attempts_follow_each_other_and_nothing_comes_twice():
    launcher = Printed(b"one\n", b"", b"three\n")
    text, cursor = read(SimulationLog(launcher, SIM, 3))
    assert text == "one\nthree\n"
    assert read(SimulationLog(launcher, SIM, 3), cursor) == ("", cursor)
    launcher.logs[Handle(SIM, 3)] += b"more\n"
    launcher.logs[Handle(SIM, 4)] = b"four\n"
    assert read(SimulationLog(launcher, SIM, 4), cursor)[0] == "more\nfour\n"


def test_a_long_log_comes_in_parts_of_whole_lines():
    line = "größe ".encode() * 20 + b"\n"
    launcher = Printed(line * 5000)
    log = SimulationLog(launcher, SIM, 1)
    first = log.after("")
    assert first.more and first.text.endswith("\n") and "\ufffd" not in first.text
    assert read(log)[0].encode() == line * 5000


def test_a_line_that_is_not_complete_yet_is_shown_too():
    assert read(SimulationLog(Printed(b"one\nhalf"), SIM, 1))[0] == "one\nhalf"


def test_a_simulation_that_was_never_started_has_printed_nothing():
    assert read(SimulationLog(Printed(), SIM, 0)) == ("", "1.0")
    assert SimulationLog(Printed(), SIM, 0).tail(10) == LogPart(text="", after="1.0", more=False)


def test_the_tail_is_of_the_last_attempt_that_printed_and_goes_on_from_there():
    launcher = Printed(b"one\n", b"1\n2\n3\n", b"")
    tail = SimulationLog(launcher, SIM, 3).tail(2)
    assert tail.text == "2\n3\n"
    assert read(SimulationLog(launcher, SIM, 3), tail.after)[0] == ""


@pytest.mark.parametrize("cursor", ["x", "1", "-1.0", "1.0.0", "1." + "9" * 30])
def test_a_cursor_that_no_log_gave_is_refused(cursor):
    with pytest.raises(Malformed, match="after is"):
        SimulationLog(Printed(b"one\n"), SIM, 1).after(cursor)
