"""A training's evaluation, environment and network reach its owner, with every service real."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from scripts.up.commit import commit
from scripts.up.settings import ROOT
from tests.conftest import require
from tests.e2e.test_first_light import SCREENSHOTS, fill_form, visitor

__all__ = ["visitor"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

_DONE_MS = 120_000
_PLAIN_KERAS = """
import json, sys, keras, numpy as np
sys.modules["nnt_simulation"] = None
outputs = keras.saving.load_model(sys.argv[1]).predict(np.load(sys.argv[2])["x_test"], verbose=0)
print(json.dumps(outputs.argmax(axis=1).tolist()))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_network_that_was_evaluated_is_the_one_that_is_downloaded(
    visitor: Page, digits, tmp_path, backend
):
    if find_spec(backend) is None:
        require(backend, f"{backend} is not installed")
    page = visitor
    fill_form(page, digits, name="kept", total_epochs="3")
    page.get_by_label("Backend").select_option(backend)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="kept", exact=True).click()
    expect(page.locator(".status").first).to_have_text("finished", timeout=_DONE_MS)
    expect(page.locator("#pace")).to_contain_text("per epoch")
    expect(page.locator(".confusion tbody tr")).to_have_count(10)
    rows = page.locator(".confusion tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].slice(1).map(cell => Number(cell.textContent)))"
    )
    page.get_by_text("Environment: what it was trained with").click()
    expect(page.locator("#environment dd", has_text=backend).first).to_be_visible()
    if known := commit(ROOT):
        expect(page.locator("#environment")).to_contain_text(known.removesuffix("-dirty"))
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "what-came-of-it.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the trained model").click()
    download.value.save_as(tmp_path / "kept.keras")
    told = subprocess.run(
        [sys.executable, "-c", _PLAIN_KERAS, tmp_path / "kept.keras", digits["test"]],
        capture_output=True,
        check=True,
        text=True,
    )
    true, said = np.load(digits["test"])["y_test"], json.loads(told.stdout.splitlines()[-1])
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (true, said), 1)
    assert rows == confusion.tolist()
    accuracy = page.locator("#evaluation dd").all_inner_texts()[1]
    assert re.fullmatch(r"0\.\d{4}", accuracy)
    assert float(accuracy) == pytest.approx(confusion.trace() / len(true), abs=1e-4)
