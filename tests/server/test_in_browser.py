"""The site's own scripts in a real browser, which also tells whether its policy holds."""

import json
import math
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from nnt_contract.records import ClassScores
from nnt_contract.status import Status, Wanted
from nnt_server.simulations.models import Simulation
from tests.conftest import require
from tests.server.conftest import (
    MODEL,
    Visitor,
    a_simulation,
    arrives,
    becomes,
    disappears,
    npz,
)
from tests.server.test_records import ENVIRONMENT, EVALUATION, TRAINED, an_evaluation, tells

pytestmark = pytest.mark.browser

Story = Callable[[Page], None]
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_WAIT_MS = 10_000
# Refusals; and that a button has the page give up asking for news, whose answer would be older than the button's.
_IS_EXPECTED = re.compile(
    r"status of 4\d\d|Status Error Code 4\d\d|htmx:(sendAbort|afterRequest), "
)


class _Handler(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None: ...


class _Server(ThreadedWSGIServer):
    def process_request_thread(self, request: object, client_address: object) -> None:
        super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        connections.close_all()


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is served from this process."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def playwright_thread() -> Iterator[ThreadPoolExecutor]:
    # Playwright needs a thread for itself: other tests may have a browser in this one.
    with ThreadPoolExecutor(1) as thread:
        yield thread


@pytest.fixture(scope="module")
def browser(playwright_thread: ThreadPoolExecutor) -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        require("browser", "there is no chromium on this machine")

    def start() -> tuple[Playwright, Browser]:
        playwright = sync_playwright().start()
        return playwright, playwright.chromium.launch(executable_path=chromium, args=_FLAGS)

    playwright, started = playwright_thread.submit(start).result()
    yield started
    playwright_thread.submit(started.close).result()
    playwright_thread.submit(playwright.stop).result()


@pytest.fixture
def alice_does(
    alice: Visitor, address: str, browser: Browser, playwright_thread: ThreadPoolExecutor
) -> Callable[[Story], None]:
    """Tells a story with alice's browser; what its console complains about fails the test."""
    session = alice.cookies[settings.SESSION_COOKIE_NAME]

    def tell(story: Story) -> None:
        complaints: list[str] = []
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": session.key, "value": session.value, "url": address}])
        context.set_default_timeout(_WAIT_MS)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            page.goto(reverse("simulation_list"))
            story(page)
        finally:
            context.close()
            connections.close_all()
        assert [said for said in complaints if not _IS_EXPECTED.search(said)] == []

    return lambda story: playwright_thread.submit(tell, story).result()


def lines(page: Page, chart: str) -> list[list[float | None]]:
    """The values that a chart draws, one list per line."""
    drawn = f"[...(document.querySelector('#{chart} .plot').data ?? [])].map(line => line.y)"
    return list(page.evaluate(drawn))


def open_page(page: Page, simulation: Simulation) -> None:
    page.goto(reverse("simulation", args=[simulation.id]))


def test_charts_are_drawn_hovered_resized_and_saved_within_the_policy(alice, alice_does):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    for epoch in range(3):
        arrives(simulation, epoch, 1 / (epoch + 1), epoch / 4, 1.0, 0.5)

    def story(page: Page) -> None:
        open_page(page, simulation)
        plot = page.locator("#loss .plot")
        expect(plot.locator(".scatterlayer .trace")).to_have_count(2)
        assert lines(page, "accuracy") == [[0, 0.25, 0.5], [0.5, 0.5, 0.5]]
        plot.locator(".nsewdrag").hover()
        expect(plot.locator(".hoverlayer")).to_contain_text("validation")
        width = plot.locator(".main-svg").first.get_attribute("width")
        page.set_viewport_size({"width": 500, "height": 700})
        expect(plot.locator(".main-svg").first).not_to_have_attribute("width", str(width))
        with page.expect_download():
            plot.locator("[data-title^='Download']").click()
        assert plot.locator("[data-title^='Share']").count() == 0
        page.emulate_media(color_scheme="dark")

    alice_does(story)


def test_values_that_are_not_finite_are_gaps_that_are_counted(alice, alice_does):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    arrives(simulation, 0, 1.5, None, 2.0, None)
    arrives(simulation, 1, math.nan, None, math.inf, None)
    arrives(simulation, 2, 0.5, None, 1.0, None)

    def story(page: Page) -> None:
        open_page(page, simulation)
        expect(page.locator("#loss .chart-note")).to_contain_text("2 values are not finite")
        assert lines(page, "loss") == [[1.5, None, 0.5], [2.0, None, 1.0]]
        expect(page.locator("#accuracy")).to_contain_text("reports no accuracy")
        expect(page.locator("#accuracy .plot")).to_be_hidden()

    alice_does(story)


def test_a_page_grows_while_it_trains_and_rests_when_it_has_ended(alice, alice_does):
    simulation = a_simulation(alice.user)

    def story(page: Page) -> None:
        open_page(page, simulation)
        expect(page.locator("#loss")).to_contain_text("Nothing has arrived yet.")
        Simulation.objects.update(status=Status.RUNNING.value)
        for epoch in range(2):
            arrives(simulation, epoch, 1.0, 0.5, 1.0, 0.5)
            expect(page.locator("#epoch-values tbody tr")).to_have_count(epoch + 1)
            expect(page.locator("#loss .trace").first.locator(".point")).to_have_count(epoch + 1)
        expect(page.locator("#said")).to_have_text("running")
        Simulation.objects.update(status=Status.FAILED.value, reason="killed")
        expect(page.locator(".notice.failed")).to_have_text("killed")
        assert page.locator("#simulation").get_attribute("hx-trigger") is None

    alice_does(story)


def test_what_came_of_a_training_comes_into_its_page_and_is_downloaded(alice, alice_does, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHING)

    def story(page: Page) -> None:
        open_page(page, simulation)
        expect(page.locator("#evaluation")).to_contain_text("After the last epoch")
        page.get_by_text("Environment: what it was trained with").click()
        expect(page.locator("#environment")).to_have_text("Nothing is known of it yet.")
        tells(simulation, ENVIRONMENT, EVALUATION, TRAINED)
        expect(page.locator("#environment")).to_contain_text("atlas")  # and it is still open
        expect(page.locator(".confusion .level-8")).to_have_text("4")
        colours = page.locator(".confusion td").evaluate_all(
            "cells => cells.map(cell => getComputedStyle(cell).backgroundColor)"
        )
        assert len(set(colours)) == 4
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the trained model").click()
        assert download.value.suggested_filename == f"simulation-{simulation.id}.keras"
        assert Path(download.value.path()).read_bytes() == doorbell.model

    alice_does(story)


def test_a_large_confusion_matrix_scrolls_in_its_own_place(alice, alice_does):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    scores = ClassScores(precision=0.5, recall=0.5, support=1)
    tells(
        simulation,
        an_evaluation(confusion=((12_345,) * 40,) * 40, classes=(scores,) * 40),
    )

    def story(page: Page) -> None:
        for width in (1280, 420):
            page.set_viewport_size({"width": width, "height": 800})
            open_page(page, simulation)
            matrix = page.get_by_role("region", name="Confusion matrix")
            assert matrix.evaluate("one => one.scrollWidth > one.clientWidth")
            matrix.focus()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.locator("#evaluation").evaluate("one => one.scrollWidth <= one.clientWidth")

    alice_does(story)


def test_wrong_fields_are_marked_and_the_chosen_files_stay(alice, alice_does, doorbell, tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    (tmp_path / "data.npz").write_bytes(npz(x=[1], y=[1]))

    def story(page: Page) -> None:
        page.get_by_role("link", name="New simulation").click()
        page.get_by_label("Model").set_input_files(tmp_path / "model.json")
        for part in ("Training", "Validation", "Test"):
            page.get_by_label(f"{part} data").set_input_files(tmp_path / "data.npz")
        page.get_by_label("Batch size").fill("0")
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#error-name")).to_have_text("This field is required.")
        expect(page.locator("#error-batch_size")).to_contain_text("received 0")
        expect(page.get_by_label("Batch size")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Name")).to_be_focused()
        page.get_by_label("Name").fill("mended")
        page.get_by_label("Batch size").fill("8")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("link", name="mended", exact=True)).to_be_visible()

    alice_does(story)
    launched = [path for _, path, _ in doorbell.rings if path == "/simulations"]
    assert len(launched) == 1


def test_a_deletion_is_asked_about_in_a_dialog(alice, alice_does, doorbell):
    simulation = a_simulation(alice.user, status=Status.FINISHED)

    def story(page: Page) -> None:
        dialog = page.locator("dialog")
        page.get_by_role("link", name="Delete digits").click()
        dialog.get_by_role("link", name="Keep it").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("link", name="Delete digits").click()
        dialog.get_by_role("button", name="Delete").click()
        expect(page.locator(".status")).to_have_text("deleting")
        assert Simulation.objects.get().wanted == Wanted.DELETED
        disappears(simulation)
        expect(page.locator("#simulations")).to_contain_text("Nothing trains yet")

    alice_does(story)
    assert doorbell.rings == [("DELETE", f"/simulations/{simulation.id}", None)]


def test_the_log_grows_at_its_end_unless_somebody_reads_above(alice, alice_does, doorbell):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    doorbell.log = "".join(f"line {number}\n" for number in range(700))

    def below(log: Locator) -> int:
        """How far the end is from what is seen."""
        return int(log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight"))

    def story(page: Page) -> None:
        open_page(page, simulation)
        log = page.locator("#log-text")
        expect(log).to_contain_text("line 699")
        expect(log).not_to_contain_text("line 199\n")
        assert below(log) == 0
        doorbell.log += "<b>line 700</b>\n"
        expect(log).to_contain_text("line 699\n<b>line 700</b>\n")
        assert below(log) == 0
        log.evaluate("log => { log.scrollTop = 100 }")
        doorbell.log += "line 701\n"
        expect(log).to_contain_text("line 701")
        assert log.evaluate("log => log.scrollTop") == 100
        log.evaluate("log => { log.scrollTop = log.scrollHeight }")
        doorbell.log += "line 702\n"
        expect(log).to_contain_text("line 702")
        assert below(log) == 0

    alice_does(story)


def test_a_log_goes_on_when_the_deployer_is_back_and_ends_with_the_simulation(
    alice, alice_does, doorbell
):
    simulation = a_simulation(alice.user, status=Status.RUNNING)

    def story(page: Page) -> None:
        open_page(page, simulation)
        line = page.locator("#log-more")
        expect(page.locator(".log-empty")).to_have_text("Nothing is here yet.")
        doorbell.log = "first\n"
        expect(page.locator("#log-text")).to_have_text("first\n")
        expect(page.locator(".log-empty")).to_be_hidden()
        doorbell.answer = 500
        expect(line).to_contain_text("does not answer right now")
        doorbell.log += "second\n"
        doorbell.answer = 202
        expect(page.locator("#log-text")).to_have_text("first\nsecond\n")
        becomes(simulation, Status.STOPPED)
        expect(line).to_have_text("That is all it printed.")
        asked = len(doorbell.asked)
        page.wait_for_timeout(3_000)
        assert len(doorbell.asked) == asked
        page.get_by_role("button", name="Start digits").click()
        expect(line).to_have_text("This follows what it prints.")
        doorbell.log += "third\n"
        expect(page.locator("#log-text")).to_have_text("first\nsecond\nthird\n")

    alice_does(story)


def test_a_page_left_open_goes_to_log_in_when_the_session_ends(alice, alice_does):
    a_simulation(alice.user)

    def story(page: Page) -> None:
        page.context.clear_cookies()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    alice_does(story)


def test_a_page_of_what_somebody_else_deleted_says_that_it_is_gone(alice, alice_does):
    simulation = a_simulation(alice.user)

    def story(page: Page) -> None:
        open_page(page, simulation)
        Simulation.objects.all().delete()
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()

    alice_does(story)
