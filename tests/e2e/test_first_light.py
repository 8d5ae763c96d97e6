"""A new user's first hour with the product, in a real browser, with every service real."""

import json
import os
import re
import signal
import uuid
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from scripts.up.settings import ROOT
from tests.conftest import wait_for
from tests.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

_TRAINING_MS = 120_000
_PASSWORD = "a long enough passphrase"
SCREENSHOTS = ROOT / "test-artifacts"


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("Username").fill(f"user-{uuid.uuid4().hex[:8]}")
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_label(re.compile("confirm|again", re.I)).fill(_PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page).to_have_url(re.compile("/simulations/$"))


@pytest.fixture
def visitor(page: Page) -> Page:
    """Somebody who has just signed up and sees the empty list."""
    sign_up(page)
    return page


def fill_form(page: Page, digits: dict[str, Path], **fields: str) -> None:
    page.get_by_role("link", name="New simulation").first.click()
    values = {
        "name": "digits",
        "total_epochs": "4",
        "epoch_period": "1",
        "batch_size": "32",
        "learning_rate": "0.001",
        "optimizer": "adam",
        "optimizer_conf": '{"beta_1": 0.9}',
        "loss_function": "SparseCategoricalCrossentropy",
        "loss_function_conf": '{"from_logits": true}',
        **fields,
    }
    for name, value in values.items():
        page.locator(f"[name={name}]").fill(value)
    parts = {"train": "train", "val": "validation", "test": "test"}
    page.locator("[name=model]").set_input_files(digits["model"])
    for part, field in parts.items():
        page.locator(f"[name={field}_file]").set_input_files(digits[part])
        page.locator(f"[name={field}_features]").fill(f"x_{part}")
        page.locator(f"[name={field}_labels]").fill(f"y_{part}")


def points(page: Page, chart: str) -> list[list[float]]:
    """The values that were given to a chart, one list per line."""
    lines = page.evaluate(
        f"document.querySelector('#{chart} .js-plotly-plot, #{chart}.js-plotly-plot')?.data ?? []"
    )
    return [list(line["y"]) for line in lines]


def test_a_network_trains_before_the_users_eyes(visitor, digits):
    page = visitor
    fill_form(page, digits, total_epochs="12", epoch_period="2")
    page.get_by_role("button", name="Create").click()
    row = page.get_by_role("row").filter(has_text="digits")
    expect(row).to_be_visible()
    page.evaluate("window.sameDocument = true")
    expect(row.locator(".status")).to_have_text("running", timeout=_TRAINING_MS)
    page.get_by_role("link", name="digits", exact=True).click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=_TRAINING_MS)
    first = wait_for(
        lambda: max((len(line) for line in points(page, "loss")), default=0), "a first point"
    )
    expect(page.locator(".status").first).to_have_text("finished", timeout=_TRAINING_MS)
    wait_for(lambda: [len(line) for line in points(page, "accuracy")] == [7, 7], "the whole chart")
    assert first < 7, "the chart has grown while it trained"
    accuracy, loss = points(page, "accuracy"), points(page, "loss")
    assert accuracy[0][-1] > accuracy[0][0] and loss[0][-1] < loss[0][0], "the network has learned"
    epochs = page.locator("#epoch-values tbody th").all_inner_texts()
    assert epochs == ["11", "10", "8", "6", "4", "2", "0"]
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "simulation.png", full_page=True)
    page.goto("/simulations/")
    expect(row).to_contain_text("7 / 7 collections")
    page.screenshot(path=SCREENSHOTS / "list.png")
    row.get_by_role("link", name="Delete").click()
    page.get_by_role("link", name="Keep it").click()
    expect(row).to_be_visible()
    row.get_by_role("link", name="Delete").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0, timeout=30_000)


def test_the_list_follows_a_simulation_from_queued_to_finished_without_a_reload(visitor, digits):
    page = visitor
    fill_form(page, digits, total_epochs="1", name="quick")
    page.get_by_role("button", name="Create").click()
    row = page.get_by_role("row").filter(has_text="quick")
    expect(row.locator(".status")).to_have_text(re.compile("queued|preparing|running"))
    page.evaluate("window.sameDocument = true")
    expect(row.locator(".status")).to_have_text("finished", timeout=_TRAINING_MS)
    assert page.evaluate("window.sameDocument") is True
    assert row.locator("progress").evaluate("bar => bar.value / bar.max") == 1


def test_a_wrong_form_names_every_wrong_field_and_keeps_the_files(visitor, digits):
    page = visitor
    fill_form(
        page,
        digits,
        name="",
        total_epochs="0",
        optimizer_conf='{"learning_rate": 1}',
        loss_function_conf="{",
    )
    page.get_by_role("button", name="Create").click()
    for field in ("name", "total_epochs", "optimizer_conf", "loss_function_conf"):
        expect(page.locator(f"#error-{field}")).not_to_be_empty()
    assert page.locator("[name=train_file]").evaluate("input => input.files.length") == 1
    for field, value in {"name": "mended", "total_epochs": "1", "optimizer_conf": "{}"}.items():
        page.locator(f"[name={field}]").fill(value)
    page.locator("[name=loss_function_conf]").fill('{"from_logits": true}')
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row").filter(has_text="mended")).to_be_visible()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("optimizer", "adamant", "Adam"),
        ("loss_function_conf", '{"from_logit": true}', "from_logits"),
    ],
)
def test_what_keras_does_not_have_is_told_before_anything_is_started(
    visitor, digits, field, value, said
):
    page = visitor
    fill_form(page, digits, **{field: value})
    page.get_by_role("button", name="Create").click()
    expect(page.locator(f"#error-{field}")).to_contain_text(said)


def test_what_cannot_be_trained_fails_with_words_the_user_understands(visitor, digits):
    page = visitor
    fill_form(page, digits)
    page.locator("[name=train_labels]").fill("y")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="digits", exact=True).click()
    expect(page.locator(".status").first).to_have_text("failed", timeout=_TRAINING_MS)
    expect(page.locator(".notice.failed")).to_contain_text("y_train")
    expect(page.locator(".notice.failed")).not_to_contain_text("Traceback")


def test_a_model_that_keras_does_not_take_fails_with_its_reason(visitor, digits, tmp_path):
    page = visitor
    model = json.loads(digits["model"].read_text())
    model["config"]["layers"][-1]["config"]["units"] = "many"
    broken = tmp_path / "model.json"
    broken.write_text(json.dumps(model))
    fill_form(page, digits | {"model": broken})
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="digits", exact=True).click()
    expect(page.locator(".status").first).to_have_text("failed", timeout=_TRAINING_MS)
    expect(page.locator(".notice.failed")).to_contain_text("model")


def test_a_killed_training_is_failed_and_says_so(visitor, digits, platform):
    page = visitor
    fill_form(page, digits, total_epochs="5000", name="victim")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="victim", exact=True).click()
    expect(page.locator(".status").first).to_have_text("running", timeout=_TRAINING_MS)
    os.kill(training_pid(platform, page.url), signal.SIGKILL)
    expect(page.locator(".status").first).to_have_text("failed", timeout=30_000)
    expect(page.locator(".notice.failed")).to_contain_text("killed (SIGKILL)")


def training_pid(platform: Platform, url: str) -> int:
    [sim_id] = re.findall(r"[0-9a-f-]{36}", url)
    run_dir = str(platform.data_dir / "runs" / sim_id)
    for process in psutil.process_iter():
        try:
            if process.environ().get("NNT_RUN_DIR") == run_dir and process.cmdline()[1:3] == [
                "-m",
                "nnt_simulation",
            ]:
                return process.pid
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    pytest.fail(f"there is no training process of {sim_id}")


def test_another_user_does_not_see_it(visitor, digits, browser, platform):
    page = visitor
    fill_form(page, digits, total_epochs="1", name="private")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="private", exact=True).click()
    expect(page).to_have_url(re.compile(r"/simulations/[0-9a-f-]{36}/$"))
    context = browser.new_context(base_url=platform.url)
    stranger = context.new_page()
    sign_up(stranger)
    answer = stranger.goto(page.url)
    assert answer is not None and answer.status == 404
    context.close()
