"""The account page in a real browser, which also tells whether its policy holds."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from nnt_server.accounts.models import ApiToken, User
from tests.server.conftest import PASSWORD
from tests.server.test_in_browser import address, alice_does, browser, playwright_thread

__all__ = ["address", "alice_does", "browser", "playwright_thread"]

pytestmark = pytest.mark.browser


def test_a_token_is_made_copied_and_revoked(alice_does):
    def story(page: Page) -> None:
        page.get_by_role("link", name="Account").click()
        expect(page.get_by_text("You have none yet.")).to_be_visible()
        page.get_by_label("What it is for").fill("notebook")
        page.get_by_role("button", name="Make a token").click()
        expect(page.locator(".secret code").first).to_have_text(re.compile("^nnt_"))
        page.get_by_role("link", name="Revoke notebook").click()
        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("“notebook” opens nothing any more.")).to_be_visible()
        expect(page.get_by_text("You have none yet.")).to_be_visible()

    alice_does(story)
    assert not ApiToken.objects.exists()


def test_wrong_fields_say_so_and_the_account_ends_after_a_question(alice_does):
    def story(page: Page) -> None:
        page.goto(reverse("account"))
        form = page.locator("form", has=page.get_by_role("button", name="Save"))
        form.get_by_label("E-mail").fill("nowhere")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_text("Enter a valid email address.")).to_be_visible()
        page.get_by_role("link", name="Delete my account").click()
        page.get_by_label("Your password now").fill(PASSWORD)
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_text("Your account is deleted")).to_be_visible()
        expect(page.get_by_role("link", name="Log in").first).to_be_visible()

    alice_does(story)
    assert not User.objects.exists()
