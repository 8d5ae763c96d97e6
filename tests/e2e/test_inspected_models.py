"""What a model is made of is seen before anything is created, with every service real."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import FIXTURES
from tests.e2e.test_first_light import SCREENSHOTS, fill_form, visitor

__all__ = ["visitor"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

_INSPECTED_MS = 60_000


def without_its_last_outputs(folder: Path) -> Path:
    text = (FIXTURES / "appendix_d_model.json").read_text()
    path = folder / "broken.json"
    path.write_text(text.replace('"units": 10', '"units": -10'))
    json.loads(path.read_text())
    return path


def test_layers_are_seen_before_create_and_what_cannot_be_built_is_never_launched(
    visitor: Page, digits, tmp_path
):
    page = visitor
    fill_form(page, digits, name="seen")
    shown = page.locator("#inspected-model")
    expect(shown.get_by_role("row")).to_have_count(4, timeout=_INSPECTED_MS)
    expect(shown).to_contain_text("101,770 parameters, 101,770 of them trainable")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "inspected-model.png")
    page.get_by_label("Model").set_input_files(without_its_last_outputs(tmp_path))
    expect(shown).to_contain_text("The model cannot be built in Dense", timeout=_INSPECTED_MS)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="seen", exact=True).click()
    expect(page.locator(".status").first).to_have_text("failed", timeout=_INSPECTED_MS)
    expect(page.locator("#layers")).to_contain_text("No process was started.")
    expect(page.locator("#simulation")).to_contain_text("The model cannot be built in Dense")
