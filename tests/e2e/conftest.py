"""A browser to use the product with."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import require
from tests.platform import Platform, environment_of

_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    # Not pytest's own folder: PostgreSQL's user must be able to pass through.
    data_dir = Path(tempfile.mkdtemp(prefix="nnt-e2e-"))
    environment = environment_of(data_dir)
    environment["NNT_FETCH_ALLOWED_HOSTS"] = '["localhost"]'  # where tests serve datasets
    started = Platform(data_dir, environment)
    started.start()
    try:
        yield started
    finally:
        started.stop()
        shutil.rmtree(data_dir)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        require("browser", "there is no chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A page of a new visitor; what its console complains about (CSP, scripts) fails the test."""
    context = browser.new_context(base_url=platform.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    # A button has the page give up asking for news, whose answer would be older than the button's.
    expected = re.compile("responded with a status of 422|htmx:(sendAbort|afterRequest), ")
    assert [text for text in complaints if not expected.search(text)] == []
