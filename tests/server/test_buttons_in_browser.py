"""Buttons that pause, resume, stop and start, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from nnt_contract.status import Status, Wanted
from tests.server.conftest import Doorbell, a_simulation, arrives, becomes
from tests.server.test_in_browser import address, alice_does, browser, open_page, playwright_thread

__all__ = ["address", "alice_does", "browser", "playwright_thread"]

pytestmark = pytest.mark.browser

_NOT_A_DOUBLE_CLICK_MS = 600


def rung_at(doorbell: Doorbell) -> list[str]:
    """What the deployer was told to do, in order."""
    return [path.rpartition("/")[2] for _, path, _ in doorbell.rings]


def test_buttons_answer_at_once_and_follow_what_the_deployer_does(alice, alice_does, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        page.evaluate("window.sameDocument = true")
        status = page.locator(".status")
        page.get_by_role("button", name="Pause digits").click()
        expect(status).to_have_text("pausing")
        expect(page.get_by_role("button", name="Resume digits")).to_be_focused()
        becomes(simulation, Status.PAUSED)
        expect(status).to_have_text("paused", timeout=20_000)
        open_page(page, simulation)
        page.get_by_role("button", name="Stop digits").click()
        expect(status).to_have_text("stopping")
        expect(page.locator("#history")).to_contain_text("asked to stop")
        expect(page.get_by_role("heading", name="digits")).to_be_focused()
        becomes(simulation, Status.STOPPED)
        expect(status).to_have_text("stopped")
        page.get_by_role("button", name="Start digits").click()
        expect(status).to_have_text("starting")

    alice_does(story)
    assert rung_at(doorbell) == ["PAUSE", "STOP", "START"]


def test_a_double_click_is_one_command(alice, alice_does, doorbell):
    a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        page.get_by_role("button", name="Pause digits").dblclick()
        expect(page.locator(".status")).to_have_text("pausing")
        page.wait_for_timeout(_NOT_A_DOUBLE_CLICK_MS)
        expect(page.locator("#refused")).to_be_hidden()
        page.get_by_role("button", name="Resume digits").click()
        expect(page.locator(".status")).to_have_text("running")

    alice_does(story)
    assert rung_at(doorbell) == ["PAUSE", "START"]


def test_another_button_right_after_is_another_command(alice, alice_does, doorbell):
    a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        page.get_by_role("button", name="Pause digits").click()
        page.get_by_role("button", name="Stop digits").click()
        expect(page.locator(".status")).to_have_text("stopping")

    alice_does(story)
    assert rung_at(doorbell) == ["PAUSE", "STOP"]


def test_a_key_that_is_held_down_is_one_command(alice, alice_does, doorbell):
    a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        page.get_by_role("button", name="Pause digits").focus()
        page.keyboard.down("Enter")
        expect(page.get_by_role("button", name="Resume digits")).to_be_focused()
        page.keyboard.down("Enter")  # repeated, as the keyboard does
        page.keyboard.up("Enter")
        page.get_by_role("button", name="Stop digits").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".status")).to_have_text("stopping")

    alice_does(story)
    assert rung_at(doorbell) == ["PAUSE", "STOP"]


def test_a_press_that_takes_its_time_is_not_lost_to_an_update_of_the_page(
    alice, alice_does, doorbell
):
    simulation = a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        page.get_by_role("button", name="Pause digits").hover()
        page.mouse.down()
        arrives(simulation, 0, 1.0, 0.5, 1.0, 0.5)
        page.wait_for_timeout(2_500)
        page.mouse.up()
        expect(page.locator(".status")).to_have_text("pausing")
        expect(page.locator("#simulations")).to_contain_text("1 / 11 collections")

    alice_does(story)


def test_a_button_of_a_page_that_was_too_old_says_why_nothing_was_done(alice, alice_does, doorbell):
    simulation = a_simulation(alice.user, status=Status.PAUSED, wanted=Wanted.PAUSED)

    def story(page: Page) -> None:
        open_page(page, simulation)
        becomes(simulation, Status.FAILED, "its process was killed")
        page.get_by_role("button", name="Resume digits").click()
        expect(page.locator("#refused")).to_have_text(
            "“digits” is failed. Only what is paused can be resumed."
        )
        expect(page.locator(".notice.failed")).to_have_text("its process was killed")
        page.wait_for_timeout(_NOT_A_DOUBLE_CLICK_MS)
        page.get_by_role("button", name="Start digits").click()
        expect(page.locator(".status")).to_have_text("starting")
        expect(page.locator("#refused")).to_be_hidden()

    alice_does(story)


def test_buttons_work_without_script(alice, alice_does, doorbell, browser):
    a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        context = browser.new_context(
            java_script_enabled=False, storage_state=page.context.storage_state()
        )
        plain = context.new_page()
        plain.goto(page.url)
        plain.get_by_role("button", name="Pause digits").click()
        expect(plain.locator(".status")).to_have_text("pausing")
        expect(plain.locator(".notice.success")).to_have_text("“digits” is being paused.")
        context.close()

    alice_does(story)
    assert rung_at(doorbell) == ["PAUSE"]
