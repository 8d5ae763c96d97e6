"""A model that is chosen in the form of a new simulation, in a real browser."""

import json

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from nnt_server.simulations.models import ModelInspection
from tests.server.conftest import MODEL, a_simulation, npz
from tests.server.model_reports import REPORT, begins, is_found, waits_for_its_model
from tests.server.test_in_browser import address, alice_does, browser, playwright_thread

__all__ = ["address", "alice_does", "browser", "playwright_thread"]

pytestmark = pytest.mark.browser


def choose(page: Page, folder, content: object = MODEL, name: str = "model.json") -> None:
    (folder / name).write_text(json.dumps(content))
    page.get_by_label("Model").set_input_files(folder / name)


def test_the_layers_of_a_chosen_model_are_seen_before_anything_is_created(
    alice_does, doorbell, tmp_path
):
    def story(page: Page) -> None:
        page.goto(reverse("new_simulation"))
        page.locator("#id_train_file").set_input_files(
            {"name": "large.npz", "mimeType": "", "buffer": npz(x=[0]) + bytes(2**20)}
        )
        with page.expect_request(lambda asked: asked.method == "POST") as asking:
            choose(page, tmp_path)
        # The data is not sent along.
        assert len(asking.value.post_data_buffer or b"") < 5_000
        shown = page.locator("#inspected-model")
        expect(shown).to_contain_text("waits to be inspected")
        begins()
        expect(shown).to_contain_text("is being inspected")
        assert page.locator("#upload").is_hidden()
        is_found()
        expect(shown.get_by_role("row")).to_have_count(5)
        expect(shown.get_by_role("row").nth(1)).to_contain_text("Bidirectional")
        lefts = [
            shown.get_by_role("rowheader")
            .nth(row)
            .evaluate("cell => parseFloat(getComputedStyle(cell).paddingLeft)")
            for row in range(2)
        ]
        assert lefts[0] < lefts[1]
        choose(page, tmp_path, {"class_name": "Sequential"}, "another.json")
        expect(shown).to_contain_text("A Keras model, an object with")
        page.get_by_label("Model").set_input_files([])
        expect(shown).to_be_hidden()

    alice_does(story)
    assert ModelInspection.objects.count() == 1


def test_a_configuration_file_that_chooses_another_backend_has_it_inspected_with_that(
    alice_does, doorbell, tmp_path
):
    def story(page: Page) -> None:
        page.goto(reverse("new_simulation"))
        with page.expect_response(lambda answer: "/models/" in answer.url):
            choose(page, tmp_path)
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.get_by_label("Configuration file").set_input_files(
                {"name": "c.json", "mimeType": "", "buffer": b'{"backend": "torch"}'}
            )

    alice_does(story)
    inspected = ModelInspection.objects.values_list("backend", flat=True)
    assert sorted(inspected) == ["tensorflow", "torch"]


def test_a_configuration_file_that_chooses_none_stands_for_the_usual_backend(
    alice_does, doorbell, tmp_path
):
    def story(page: Page) -> None:
        page.goto(reverse("new_simulation"))
        page.get_by_label("Backend").select_option("torch")
        with page.expect_response(lambda answer: "/models/" in answer.url):
            choose(page, tmp_path)
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.get_by_label("Configuration file").set_input_files(
                {"name": "c.json", "mimeType": "", "buffer": b'{"name": "mine"}'}
            )
        expect(page.get_by_label("Backend")).to_have_value("tensorflow")
        expect(page.get_by_label("Backend")).to_be_disabled()

    alice_does(story)
    inspected = ModelInspection.objects.values_list("backend", flat=True)
    assert sorted(inspected) == ["tensorflow", "torch"]


def test_who_types_on_while_a_model_is_inspected_is_not_disturbed(alice_does, doorbell, tmp_path):
    def story(page: Page) -> None:
        page.goto(reverse("new_simulation"))
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#error-name")).not_to_be_empty()
        choose(page, tmp_path)
        page.get_by_label("Tags").focus()
        for _ in range(2):  # an answer that comes moves nobody
            with page.expect_response(lambda answer: "/models/" in answer.url):
                pass
        expect(page.get_by_label("Tags")).to_be_focused()
        expect(page.locator("#error-name")).not_to_be_empty()

    alice_does(story)


def test_a_server_that_cannot_look_at_a_model_is_told_and_hinders_nothing(
    alice_does, doorbell, tmp_path
):
    def story(page: Page) -> None:
        page.goto(reverse("new_simulation"))
        page.route("**/simulations/models/", lambda route: route.fulfill(status=413))
        choose(page, tmp_path)
        expect(page.locator("#inspected-model")).to_contain_text("cannot be shown now")
        expect(page.locator("#error-form")).to_be_empty()
        expect(page.get_by_role("button", name="Create")).to_be_enabled()

    alice_does(story)


def test_the_layers_come_into_the_page_of_a_simulation(alice, alice_does):
    simulation = a_simulation(alice.user)
    waits_for_its_model(simulation)

    def story(page: Page) -> None:
        page.goto(reverse("simulation", args=[simulation.id]))
        expect(page.locator("#layers")).to_contain_text("waits to be inspected")
        is_found(REPORT)
        expect(page.locator("#layers").get_by_role("row")).to_have_count(5)

    alice_does(story)
