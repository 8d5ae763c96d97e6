"""Datasets that come from URLs: what form, file and API take, and what the pages say until they are there."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nnt_contract.status import Status, Wanted
from nnt_server.simulations.models import Dataset, DatasetFetch, Simulation
from tests.server.api.conftest import (
    CONFIG,
    Program,
    body_of,
    json_of,
    parts,
    path_to,
    program,
)
from tests.server.conftest import Visitor, a_simulation, becomes, npz
from tests.server.test_new_simulation import HTMX, errors_in, file

__all__ = ["parts", "program"]

URL = "https://data.example/train?version=2"
TRAIN, VALIDATION, TEST = (f"https://data.example/{part}" for part in ("train", "val", "test"))
PARTS = ("train", "validation", "test")


def urls_of(simulation: Simulation) -> dict[str, str]:
    return {fetch.part: fetch.url for fetch in simulation.experiment.fetches.all()}


def waiting(visitor: Visitor, part: str = "train", url: str = URL, **facts: Any) -> Simulation:
    """A simulation one part of whose data comes from a URL; `facts` is what the deployer wrote about that."""
    simulation = a_simulation(visitor.user)
    setattr(simulation.experiment, f"{part}_dataset", None)
    simulation.experiment.save()
    DatasetFetch.objects.create(experiment=simulation.experiment, part=part, url=url, **facts)
    return simulation


def page_of(visitor: Visitor, simulation: Simulation) -> str:
    return str(visitor.get(reverse("simulation", args=[simulation.id])).content.decode())


def list_of(visitor: Visitor) -> str:
    return str(visitor.get(reverse("simulation_list")).content.decode())


# The form


def test_each_part_may_be_a_file_or_a_url(alice, doorbell, form):
    sent = form(train_file=None, train_url=URL)
    assert alice.post(reverse("new_simulation"), sent).status_code == 302
    simulation = Simulation.objects.select_related("experiment").get()
    assert urls_of(simulation) == {"train": URL}
    assert simulation.experiment.train_dataset is None
    assert simulation.experiment.test_dataset and Dataset.objects.count() == 2
    assert (simulation.status, simulation.wanted) == (Status.QUEUED, Wanted.RUNNING)
    assert doorbell.rings == [("POST", "/simulations", {"conf": {"id": str(simulation.id)}})]


def test_no_part_has_to_be_a_file(alice, doorbell, form):
    sent = form(
        **{f"{part}_file": None for part in PARTS}, **{f"{part}_url": URL for part in PARTS}
    )
    assert alice.post(reverse("new_simulation"), sent).status_code == 302
    assert urls_of(Simulation.objects.get()) == dict.fromkeys(PARTS, URL)
    assert not Dataset.objects.exists()


def test_both_or_neither_is_one_message_at_the_field(alice, form):
    sent = form(train_url=URL, validation_file=None)
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    assert errors_in(answer.content.decode()) == {
        "train_url": "Either a file or a URL was expected; received both.",
        "validation_file": "A file or a URL was expected; received neither.",
    }
    assert not Simulation.objects.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://data.example/x", "Expected a URL that begins with http:// or https:// and a host"),
        ("data.example/x", "Expected a URL that begins with http:// or https:// and a host"),
        ("javascript:alert(1)", "Expected a URL that begins with http:// or https:// and a host"),
        ("http://ada:secret@data.example/", "Expected a URL without a name or a password"),
        ("http://data.example/" + "x" * 2000, "at most 2000 characters"),
    ],
)
def test_what_is_no_url_of_a_file_is_explained(alice, form, url, said):
    sent = form(test_file=None, test_url=url)
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    found = errors_in(answer.content.decode())
    assert found.keys() == {"test_url"} and said in found["test_url"]


def test_a_wrong_file_is_not_also_said_to_be_missing(alice, form):
    sent = form(train_file=file(b""))
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    found = errors_in(answer.content.decode())
    assert found.keys() == {"train_file"} and "empty" in found["train_file"]


# The form with a configuration file

URLS = {"dataset_train": TRAIN, "dataset_val": VALIDATION, "dataset_test": TEST}


def test_a_configuration_file_may_name_the_urls(alice, doorbell, form):
    sent = form(
        config=file(json.dumps(CONFIG | URLS)),
        **{f"{part}_file": None for part in PARTS},
        train_url="what was typed is not looked at",
    )
    assert alice.post(reverse("new_simulation"), sent).status_code == 302
    assert urls_of(Simulation.objects.get()) == {
        "train": TRAIN,
        "validation": VALIDATION,
        "test": TEST,
    }


def test_with_a_configuration_file_both_or_neither_is_named_too(alice, form):
    sent = form(config=file(json.dumps(CONFIG | {"dataset_val": URL})), test_file=None)
    found = errors_in(alice.post(reverse("new_simulation"), sent, headers=HTMX).content.decode())
    assert found == {
        "config": "dataset_val: either a URL here or the file “validation_file”, not both.",
        "test_file": "A file was expected, or its URL as dataset_test in the configuration file.",
    }


# The API


def post(sender: Program, sent: dict[str, Any]) -> Any:
    return sender.post("/api/experiments", sent)


def test_a_program_sends_files_or_urls_or_both_kinds(program, doorbell, parts):
    sent = parts(CONFIG | {"dataset_train": URL}, train=None)
    assert post(program, sent).status_code == 201
    assert urls_of(Simulation.objects.get()) == {"train": URL}
    all_of_them = parts(CONFIG | URLS, train=None, val=None, test=None)
    assert post(program, all_of_them).status_code == 201


def test_a_part_that_comes_twice_or_not_at_all_is_an_error_by_name(program, parts):
    sent = parts(CONFIG | {"dataset_train": URL}, val=None)
    answer = post(program, sent)
    assert answer.status_code == 422
    assert {one["field"]: one["expected"] for one in answer.json()["fields"]} == {
        "dataset_train": "either a URL here or the file “train”, not both",
        "val": "A file was expected, or its URL as dataset_val in the configuration file.",
    }
    assert not Simulation.objects.exists()


def test_a_url_counts_also_in_a_file_that_is_wrong_elsewhere(program, parts):
    config = CONFIG | {"dataset_val": "ftp://data.example", "total_epochs": 0}
    answer = post(program, parts(config, val=None))
    assert {one["field"] for one in answer.json()["fields"]} == {"dataset_val", "total_epochs"}


def test_a_program_is_told_how_far_a_fetch_is(program, alice):
    simulation = waiting(
        alice, started_at=timezone.now(), received_bytes=5_000_000, total_bytes=12_000_000
    )
    details = json_of(program.get(path_to(simulation)))
    assert details["fetches"] == [
        {
            "part": "train",
            "url": URL,
            "received_bytes": 5_000_000,
            "total_bytes": 12_000_000,
            "problem": "",
            "fetched_at": None,
        }
    ]


# The pages


def test_page_and_list_say_how_much_of_which_part_has_come(alice):
    now = timezone.now()
    known = waiting(alice, started_at=now, received_bytes=12_340_000, total_bytes=45_600_000)
    unknown = waiting(alice, "test", started_at=now, received_bytes=1_234_500_000)
    resting = waiting(alice, "validation")
    told = {
        known: "fetching the training data: 12.3 of 45.6 MB",
        unknown: "fetching the test data: 1,234.5 MB so far",
        resting: "the validation data waits to be fetched",
    }
    listed = list_of(alice)
    for simulation, words in told.items():
        assert words in page_of(alice, simulation) and listed.count(words) == 1
    assert "in the queue" not in listed
    assert '<progress max="45600000" value="12340000"' in page_of(alice, known)


def test_the_page_says_where_the_data_comes_from_before_and_after(alice):
    simulation = waiting(alice)
    page = page_of(alice, simulation)
    assert page.count("SHA-256") == 2 and f"<code>{URL}</code>" in page
    simulation.experiment.train_dataset = Dataset.objects.get()
    simulation.experiment.save()
    DatasetFetch.objects.update(started_at=timezone.now(), fetched_at=timezone.now())
    page = page_of(alice, simulation)
    assert page.count("SHA-256") == 3 and f"<code>{URL}</code>" in page
    assert "next in the queue" in page and "fetching" not in page


def test_a_url_is_never_markup(alice):
    page = page_of(alice, waiting(alice, url='https://data.example/"><script>alert(1)</script>'))
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_while_it_is_paused_nothing_is_said_to_be_fetched(alice):
    simulation = waiting(alice, started_at=timezone.now())
    Simulation.objects.update(status=Status.PAUSED.value, wanted=Wanted.PAUSED.value)
    assert "fetch" not in list_of(alice)
    assert "fetching" not in page_of(alice, simulation)


def test_a_fetch_that_failed_is_the_reason_and_the_history(alice):
    simulation = waiting(alice, started_at=timezone.now())
    reason = "the training dataset could not be fetched: data.example answered 404 Not Found"
    becomes(simulation, Status.FAILED, reason)
    page = page_of(alice, simulation)
    assert page.count(reason) == 2 and "became failed" in page
    assert "fetching the" not in page


def test_who_waits_for_data_is_asked_after_often_and_who_does_not_costs_no_query(alice):
    long_ago = timezone.now() - timedelta(hours=1)
    waiting(alice, started_at=long_ago)
    Simulation.objects.update(wanted_at=long_ago, status_changed_at=long_ago)
    assert 'hx-trigger="every 5s"' in list_of(alice)
    DatasetFetch.objects.all().delete()
    simulation = Simulation.objects.get()
    simulation.experiment.train_dataset = Dataset.objects.get()
    simulation.experiment.save()
    with CaptureQueriesContext(connection) as queries:
        assert 'hx-trigger="every 15s"' in list_of(alice)
    assert not any("dataset_fetches" in query["sql"] for query in queries)


def test_what_has_no_data_yet_can_be_exported_deleted_and_looked_at_in_every_way(
    alice, program, doorbell
):
    simulation = waiting(alice)
    assert body_of(program.get(path_to(simulation, "export")))[:2] == b"PK"
    for name in ("history", "log", "whole_log", "epoch_values", "delete_simulation"):
        assert alice.get(reverse(name, args=[simulation.id])).status_code == 200, name
    assert alice.post(reverse("delete_simulation", args=[simulation.id])).status_code == 302


def test_equal_files_still_make_no_fetch(alice, doorbell, form):
    same = npz(x=[1])
    alice.post(reverse("new_simulation"), form(train_file=file(same), test_file=file(same)))
    assert not DatasetFetch.objects.exists()
