"""A simulation whose data comes from URLs, from the form to its end, with every service real."""

import re
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_first_light import SCREENSHOTS, fill_form, visitor
from tests.web import serving

__all__ = ["visitor"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

_DONE_MS = 60_000


def test_data_is_fetched_before_the_users_eyes_and_trained_on(visitor: Page, digits):
    page = visitor
    go_on = Event()
    with serving() as web:

        def half_and_half(request):
            content = digits["train"].read_bytes()
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content[: len(content) // 2])
            while not go_on.wait(0.1) and not web.ended.is_set():
                request.wfile.flush()
            request.wfile.write(content[len(content) // 2 :])

        web.redirect("/test", "/elsewhere")
        web.serve("/elsewhere", digits["test"].read_bytes())
        fill_form(page, digits, name="from afar", total_epochs="1", test_url=web.url("/test"))
        page.locator("[name=test_file]").set_input_files([])
        page.locator("[name=train_url]").fill(web.serve("/train", half_and_half))
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#error-train_url")).to_have_text(
            "Either a file or a URL was expected; received both."
        )
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "dataset-urls-form.png", full_page=True)
        page.locator("[name=train_file]").set_input_files([])
        page.get_by_role("button", name="Create").click()
        row = page.get_by_role("row").filter(has_text="from afar")
        expect(row.locator(".wait")).to_contain_text(
            [re.compile(r"fetching the training data: [\d.]+ of [\d.]+ MB")]
        )
        page.screenshot(path=SCREENSHOTS / "dataset-urls-list.png")
        page.get_by_role("link", name="from afar", exact=True).click()
        expect(page.locator(".wait progress")).to_be_visible()
        expect(page.locator(".status").first).to_have_text("queued")
        page.screenshot(path=SCREENSHOTS / "dataset-urls-page.png", full_page=True)
        go_on.set()
        expect(page.locator(".status").first).to_have_text("finished", timeout=_DONE_MS)
