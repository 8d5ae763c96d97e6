"""Several choices in the form of a new simulation, in a real browser."""

import json

import pytest
from playwright.sync_api import Page, expect

from nnt_server.simulations.models import Simulation
from tests.conftest import FIXTURES
from tests.server.conftest import MODEL, npz
from tests.server.test_in_browser import address, alice_does, browser, playwright_thread

__all__ = ["address", "alice_does", "browser", "playwright_thread"]

pytestmark = pytest.mark.browser


def begin(page: Page, folder) -> None:
    (folder / "model.json").write_text(json.dumps(MODEL))
    (folder / "data.npz").write_bytes(npz(x=[1], y=[1]))
    page.get_by_role("link", name="New simulation").click()
    page.get_by_label("Model").set_input_files(folder / "model.json")
    for part in ("Training", "Validation", "Test"):
        page.get_by_label(f"{part} data").set_input_files(folder / "data.npz")


def add(page: Page, kind: str) -> None:
    page.get_by_role("button", name=f"+ Another {kind}").click()


def test_rows_are_added_and_taken_away_and_counted(alice_does, doorbell, tmp_path):
    def story(page: Page) -> None:
        begin(page, tmp_path)
        count = page.locator("#how-many")
        expect(count).to_have_text("makes one simulation")
        add(page, "optimizer")
        expect(page.locator("[name=optimizer-2]")).to_be_focused()
        expect(page.locator("[name=optimizer-2]")).to_have_value("")
        page.keyboard.type("sgd")
        page.get_by_label("Optimizer", exact=True).nth(1).fill("lion")
        for rate in ("0.5", "0.25"):
            add(page, "learning rate")
            page.keyboard.type(rate)
        page.get_by_role("button", name="Remove this learning rate").first.click()
        page.get_by_label("Folds", exact=True).fill("3")
        expect(count).to_have_text(
            "makes 12 simulations: 2 optimizers × 2 learning rates × 3 folds"
        )
        page.get_by_label("Folds", exact=True).fill("300")
        expect(count).to_contain_text("at most 100 can be made at once")
        page.get_by_label("Folds", exact=True).fill("3")
        page.locator("[name=optimizer_conf-2]").fill("{")
        page.get_by_label("Name").fill("many")
        page.get_by_role("button", name="Create").click()
        wrong = page.locator("[name=optimizer_conf-2]")
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#error-optimizer_conf-2")).to_contain_text("JSON was expected")
        expect(page.locator("[name=optimizer_conf]")).not_to_have_attribute("aria-invalid", "true")
        wrong.fill('{"beta_1": 0.5}')
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("row")).to_have_count(13)
        expect(page.get_by_role("row").nth(1)).to_contain_text("many (O1) (LR1) (1)")

    alice_does(story)
    last = Simulation.objects.get(name="many (O2) (LR2) (3)").configuration
    assert last["optimizer"] == {"name": "lion", "conf": {"beta_1": 0.5}}
    assert (last["learning_rate"], last["fold"]) == (0.25, {"index": 3, "count": 3})


def test_extra_metrics_are_added_and_make_no_more_simulations(alice_does, doorbell, tmp_path):
    def story(page: Page) -> None:
        begin(page, tmp_path)
        page.get_by_label("Extra metric", exact=True).fill("KLDivergence")
        for name in ("MAE", "AUCC"):
            add(page, "extra metric")
            page.keyboard.type(name)
        expect(page.locator("#how-many")).to_have_text("makes one simulation")
        page.get_by_label("Name").fill("measured")
        page.get_by_role("button", name="Create").click()
        expect(page.locator("[name=metric-3]")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#error-metric-3")).to_contain_text("near to it: AUC")
        page.get_by_role("button", name="Remove this extra metric").last.click()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("row")).to_have_count(2)

    alice_does(story)
    measured = Simulation.objects.get().configuration["extra_metrics"]
    assert [one["name"] for one in measured] == ["KLDivergence", "MAE"]


def test_a_configuration_file_without_metrics_is_shown_without_any(alice_does, tmp_path):
    said = json.loads((FIXTURES / "experiment_config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(said | {"extra-metrics": None}))

    def story(page: Page) -> None:
        begin(page, tmp_path)
        page.get_by_label("Extra metric", exact=True).fill("AUC")
        page.get_by_label("Configuration file").set_input_files(tmp_path / "config.json")
        expect(page.locator("[name=metric]")).to_be_disabled()
        expect(page.locator("[name=metric]")).to_have_value("")

    alice_does(story)


def test_a_configuration_file_is_shown_in_the_form_that_it_stands_for(
    alice_does, doorbell, tmp_path
):
    said = json.loads((FIXTURES / "experiment_config.json").read_text()) | {"backend": "torch"}
    of_torch = tmp_path / "config.json"
    of_torch.write_text(json.dumps(said))

    def story(page: Page) -> None:
        begin(page, tmp_path)
        add(page, "loss function")
        page.get_by_label("Configuration file").set_input_files(of_torch)
        expect(page.locator("#how-many")).to_have_text(
            "makes 4 simulations: 2 learning rates × 2 folds"
        )
        for name, value in {
            "name": "digits two rates",
            "tags": "digits, first look",
            "epoch_period": "2",
            "backend": "torch",
            "optimizer": "rmsprop",
            "loss_function_conf": '{"from_logits":true}',
            "learning_rate-2": "0.001",
            "folds": "2",
            "fold_tag": "digits folds",
            "metric": "KLDivergence",
            "metric-2": "LogCoshError",
            "validation_features": "x_val",
        }.items():
            expect(page.locator(f"[name={name}]")).to_have_value(value)
            expect(page.locator(f"[name={name}]")).to_be_disabled()
        expect(page.locator("[name=model]")).to_be_enabled()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("row")).to_have_count(5)

    alice_does(story)
    assert Simulation.objects.count() == 4
    assert all(one.configuration["extra_metrics"] for one in Simulation.objects.all())
    assert all(one.configuration["backend"] == "torch" for one in Simulation.objects.all())


def test_without_its_configuration_file_the_form_can_be_changed_again(alice_does, tmp_path):
    (tmp_path / "broken.json").write_text("{")

    def story(page: Page) -> None:
        begin(page, tmp_path)
        chosen = page.get_by_label("Configuration file")
        chosen.set_input_files(FIXTURES / "experiment_config.json")
        expect(page.locator("[name=name]")).to_be_disabled()
        chosen.set_input_files(tmp_path / "broken.json")
        expect(page.locator("[name=name]")).to_be_disabled()
        chosen.set_input_files([])
        expect(page.locator("[name=name]")).to_be_enabled()
        expect(page.locator("[name=name]")).to_have_value("digits two rates")
        page.get_by_role("button", name="Remove this learning rate").click()
        expect(page.locator("#how-many")).to_have_text("makes 2 simulations: 2 folds")

    alice_does(story)
