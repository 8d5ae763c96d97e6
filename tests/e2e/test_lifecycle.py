"""A long training in the hands of its user: paused, resumed, stopped, started again, and finished."""

import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import wait_for
from tests.e2e.test_first_light import SCREENSHOTS, fill_form, sign_up, training_pid
from tests.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

_TRAINING_MS = 120_000
_TICK_MS = 20_000  # three of the deployer's, and a page that asks again
_EPOCHS = 90


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{name} ")).click()


def expect_status(page: Page, status: str | re.Pattern[str], timeout: float = _TICK_MS) -> None:
    expect(page.locator("#simulation .status")).to_have_text(status, timeout=timeout)


def expect_buttons(page: Page, *names: str) -> None:
    buttons = page.locator("#simulation .page-actions .button")
    expect(buttons).to_have_text([*names, "Delete"], timeout=_TICK_MS)


def epochs_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(rf"\bepoch (\d+) of {_EPOCHS}\b", text)]


def printed_epochs(page: Page) -> list[int]:
    """The epochs that the log on the page tells of, in its order."""
    return epochs_in(page.locator("#log-text").inner_text())


def whole_log(page: Page) -> str:
    """What the training has printed until now, of which the page may not know yet."""
    link = page.get_by_role("link", name="Download the whole log").get_attribute("href")
    return page.request.get(f"{page.url.partition('/simulations/')[0]}{link}").text()


def follow_log_beyond(page: Page, epoch: int) -> int:
    """Waits until the page shows a later epoch without a reload."""
    return wait_for(
        lambda: max((seen for seen in printed_epochs(page) if seen > epoch), default=0),
        f"the log to go on after epoch {epoch}",
        60,
    )


def history(page: Page) -> list[str]:
    """What happened, from the first event on."""
    return page.locator("#history tbody td:nth-child(3)").all_inner_texts()[::-1]


def test_a_training_is_paused_resumed_stopped_started_and_finishes(
    page: Page, platform: Platform, digits: dict[str, Path]
) -> None:
    sign_up(page)
    fill_form(
        page, digits, name="marathon", total_epochs=str(_EPOCHS), epoch_period="10", batch_size="8"
    )
    page.locator("[name=limit_wall_s]").fill("1:00:00")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="marathon", exact=True).click()
    page.evaluate("window.sameDocument = true")
    expect_status(page, "running", _TRAINING_MS)
    expect_buttons(page, "Pause", "Stop")
    follow_log_beyond(page, 0)

    press(page, "Pause")
    expect_status(page, re.compile("^(pausing|paused)$"))
    expect_status(page, "paused")
    expect_buttons(page, "Resume", "Stop")
    training = psutil.Process(training_pid(platform, page.url))
    assert training.status() == psutil.STATUS_STOPPED
    printed = epochs_in(whole_log(page))

    press(page, "Resume")
    expect_status(page, "running")
    assert training.is_running(), "the same process goes on"
    follow_log_beyond(page, printed[-1])

    press(page, "Stop")
    expect_status(page, re.compile("^(stopping|stopped)$"))
    expect_status(page, "stopped", _TRAINING_MS)
    expect_buttons(page, "Start")
    assert not training.is_running()
    expect(page.locator("#log-more")).to_contain_text("That is all it printed.", timeout=_TICK_MS)
    before = printed_epochs(page)

    press(page, "Start")
    expect_status(page, re.compile("^(starting|queued|preparing|running)$"))
    expect_status(page, "running", _TRAINING_MS)
    follow_log_beyond(page, before[-1])
    expect(page.locator("#simulation .usage")).to_contain_text("of 1:00:00")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "lifecycle.png", full_page=True)

    expect_status(page, "finished", _TRAINING_MS)
    expect_buttons(page)
    assert page.evaluate("window.sameDocument") is True, "nothing of it needed a reload"
    expect(page.locator("#simulation")).to_contain_text("10 / 10 collections")
    wait_for(lambda: _EPOCHS in printed_epochs(page), "the end of the log")
    assert printed_epochs(page) == list(range(1, _EPOCHS + 1)), "each epoch was trained once"
    assert asked_and_became(history(page)) == [
        "created it",
        *("became preparing", "became running"),
        *("asked to pause", "became paused", "asked to resume", "became running"),
        *("asked to stop", "became stopping", "became stopped"),
        *("asked to start again", "became queued", "became preparing", "became running"),
        "became finished",
    ]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the whole log").click()
    assert epochs_in(Path(download.value.path()).read_text()) == list(range(1, _EPOCHS + 1))


def asked_and_became(events: list[str]) -> list[str]:
    """Without what depends on when the deployer looked: whether it saw the collections arrive after the end."""
    return [event for event in events if event != "became finishing"]
