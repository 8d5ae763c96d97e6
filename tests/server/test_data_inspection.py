"""What the pages, the API and the export tell about the data of a simulation, before and after they are inspected."""

import io
import json
import zipfile

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from nnt_contract.status import Status, Wanted
from nnt_server.simulations.models import DataInspection, DatasetFetch, Simulation
from tests.server.api.conftest import body_of, path_to, program
from tests.server.conftest import a_simulation
from tests.server.data_reports import (
    LEAK,
    PROBLEM,
    classes,
    is_inspected,
    is_refused,
    part,
    real,
    report,
    waits_for_inspection,
)
from tests.server.test_in_browser import (
    address,
    alice_does,
    browser,
    open_page,
    playwright_thread,
)
from tests.server.test_simulation_page import page_of

__all__ = ["address", "alice_does", "browser", "playwright_thread", "program"]

WAITS, UNDER_WAY = "the data wait to be inspected", "the data are being inspected"


def text_of(page: str) -> str:
    """The card, without what separates its lines."""
    return " ".join(page.partition('id="data"')[2].partition("Configuration</h2>")[0].split())


# While it waits


def test_who_waits_for_an_inspection_is_told_so_in_page_and_list(alice):
    simulation = a_simulation(alice.user)
    waits_for_inspection(simulation)
    pages = (lambda: page_of(alice, simulation), lambda: _list(alice))
    assert all(WAITS in page() and "in the queue" not in page() for page in pages)
    DataInspection.objects.update(started_at=simulation.created_at)
    assert all(UNDER_WAY in page() for page in pages)
    is_inspected(simulation, report())
    assert all(UNDER_WAY not in page() and "next" in page() for page in pages)


def test_data_that_are_still_fetched_are_not_said_to_wait_for_an_inspection(alice):
    simulation = a_simulation(alice.user)
    waits_for_inspection(simulation)
    DatasetFetch.objects.create(experiment=simulation.experiment, part="test", url="http://a/")
    page = page_of(alice, simulation)
    assert "the test data waits to be fetched" in page and WAITS not in page.lower()


@pytest.mark.parametrize("status", [Status.PAUSED, Status.STOPPED])
def test_who_does_not_wait_is_told_nothing_of_it(alice, status):
    """The row stays as it is when whoever inspects gives up."""
    simulation = a_simulation(alice.user, wanted=Wanted(status), status=status)
    waits_for_inspection(simulation, started_at=simulation.created_at)
    assert UNDER_WAY not in _list(alice)
    page = page_of(alice, simulation)
    assert UNDER_WAY not in page.lower() and "The data have not been inspected." in text_of(page)


# What was found


def test_every_part_is_described(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    found = report(
        train=part(classes(750, 250), features={"constant_count": 1, "constant": ["(0, 3)"]}),
        validation=part(classes(2, 1, 1, names=("cat", "dog", "<b>")), format="csv", shape=(4,)),
        test=part(real(-2.5, 40.0, 3.25), not_finite=12),
    )
    is_inspected(simulation, found)
    card = text_of(page_of(alice, simulation))
    train, _, rest = card.partition("Validation data")
    validation, _, test = rest.partition("Test data")
    for told in ("1,000 of 28 × 28 features", "1 of 784 columns: (0, 3)", "binary, 2 classes"):
        assert told in train
    assert "750</td>" in train and "75 %" in train
    for told in ("csv", "4 of 4 features", "class numbers, 3 classes", "cat</th>", "&lt;b&gt;"):
        assert told in validation
    assert "-2.5000 to 40.0000, on average 3.2500" in test and "12 values" in test
    assert f'title="SHA-256 {"0" * 64}"' in card and "<b>" not in card


def test_signed_classes_and_vectors_of_several_show_their_balance(alice):
    simulation = a_simulation(alice.user)
    found = report(
        train=part(classes(30, 10, values=(-1, 1), kind="signed binary")),
        test=part(classes(5, 0, 100, kind="multi-label") | {"shape": [3]}, rows=100),
    )
    is_inspected(simulation, found)
    train, _, test = text_of(page_of(alice, simulation)).partition("Test data")
    assert "signed binary, 2 classes<" in train and "-1</th>" in train and "75 %" in train
    assert "multi-label, 3 classes; 3 per row<" in test
    assert "100 %" in test and "0 %" in test and "5 %" in test


def test_a_file_is_called_what_its_owner_calls_it(alice, doorbell, form):
    alice.post(reverse("new_simulation"), form())
    card = text_of(page_of(alice, Simulation.objects.get()))
    assert card.count(".npz, ") == 3


def test_of_many_classes_the_first_are_shown_and_the_others_counted(alice):
    simulation = a_simulation(alice.user)
    is_inspected(simulation, report(train=part(classes(*[7] * 1000))))
    card = text_of(page_of(alice, simulation))
    assert card.count("7</td>") == 20 and "and 980 more classes" in card


def test_classes_that_no_row_has_are_counted_where_they_are_too_many_to_be_listed(alice):
    simulation = a_simulation(alice.user)
    is_inspected(simulation, report(train=part(classes(*[7] * 30, declared=300_000))))
    card = text_of(page_of(alice, simulation))
    assert "300,000 classes" in card and "and 299,980 more classes" in card


def test_a_leak_is_told_at_the_head_of_the_page_too(alice):
    simulation = a_simulation(alice.user)
    leak = {"part": "test", "other": "train", "rows": 5, "of": 100, "examples": [1, 2, 3, 4, 5]}
    is_inspected(simulation, report(LEAK) | {"leaks": [leak]})
    page = page_of(alice, simulation)
    assert "rows occur in more than one part" in page.partition('id="charts"')[0]
    assert f"<li>{LEAK}</li>" in page


def test_what_is_wrong_is_told_with_what_to_do(alice):
    simulation = a_simulation(alice.user, status=Status.FAILED, reason=PROBLEM)
    is_refused(simulation)
    card = text_of(page_of(alice, simulation))
    assert "expected a number, received &#x27;cat&#x27;." in card
    assert "Create a new simulation with data that are put right" in card


def test_a_simulation_from_before_inspections_shows_its_files(alice):
    card = text_of(page_of(alice, a_simulation(alice.user)))
    assert "<code>x_train</code>, <code>y_train</code>" in card and "inspected" not in card


# For programs


def test_the_api_tells_what_was_found(program, alice):
    simulation = a_simulation(alice.user)
    assert _details(program, simulation) is None
    waits_for_inspection(simulation)
    waiting = {"started_at": None, "finished_at": None, "problem": "", "found": None}
    assert _details(program, simulation) == waiting
    is_refused(simulation)
    assert _details(program, simulation)["problem"] == PROBLEM
    found = report(LEAK, train=part(classes(1, 2)))
    is_inspected(simulation, found)
    assert _details(program, simulation)["found"] == found


def test_the_export_has_what_was_found(program, alice):
    simulation = a_simulation(alice.user)
    is_inspected(simulation, report(LEAK))
    archive = zipfile.ZipFile(io.BytesIO(body_of(program.get(path_to(simulation, "export")))))
    data = json.loads(archive.read("data.json"))
    assert data["sha256"]["train"] == "0" * 64 and data["found"]["problems"] == [LEAK]


# In a browser


@pytest.mark.browser
def test_the_card_comes_into_its_page_when_the_data_are_inspected(alice, alice_does):
    simulation = a_simulation(alice.user)
    waits_for_inspection(simulation)

    def story(page: Page) -> None:
        page.set_viewport_size({"width": 400, "height": 800})
        open_page(page, simulation)
        card = page.locator("#data")
        expect(card).to_contain_text("The data wait to be inspected.")
        is_inspected(simulation, report(LEAK, train=part(classes(30, 10))))
        expect(card.locator(".notice.warn li")).to_have_text(LEAK)
        bars = card.locator(".balance progress")
        expect(bars).to_have_count(2)
        assert [bar.get_attribute("value") for bar in bars.all()] == ["30", "10"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        is_refused(simulation)
        Simulation.objects.update(status=Status.FAILED.value, reason=PROBLEM)
        expect(card.locator(".notice.error")).to_have_text(PROBLEM)

    alice_does(story)


def _list(visitor) -> str:
    return str(visitor.get(reverse("simulation_list")).content.decode())


def _details(program, simulation: Simulation):
    return program.get(path_to(simulation)).json()["data_inspection"]
