"""Datasets from URLs, with the real database, broker, worker and a real web server: from the row to the file."""

import threading

import pytest
import redis

from nnt_contract.status import Status
from nnt_deployer import doorbell
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.reconciler import ring_for_data
from nnt_deployer.store import open_store
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import wait_for
from tests.integration.fetches import (
    CONTENT,
    SHA256,
    UPLOADED,
    Slow,
    fetch_stores,
    fetcher,
    files,
    folder,
    inspections,
    make_waiting,
    parts_of,
    status,
    store,
    want,
    web,
)

__all__ = [
    "fetch_stores",
    "fetcher",
    "folder",
    "inspections",
    "make_waiting",
    "status",
    "store",
    "want",
    "web",
]


# From the row to the file


def test_what_was_fetched_is_kept_as_an_upload_is_and_its_simulation_starts(
    web, fetcher, store, conductor, launcher, make_waiting, query, folder, status
):
    sim_id = make_waiting(train=web.serve("/any.name", CONTENT))
    conductor.advance(sim_id)
    assert status(sim_id) == ("queued", "") and launcher.specs == []
    for fetch_id in store.due():
        fetcher.fetch(fetch_id)
    assert parts_of(query, sim_id) == (SHA256, UPLOADED, UPLOADED)
    [path] = files(folder)
    assert path == dataset_path(folder, SHA256) and path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o444
    assert query("SELECT bytes FROM datasets WHERE sha256 = %s", SHA256) == [(len(CONTENT),)]
    [(received, total, problem, fetched_at)] = query(
        "SELECT received_bytes, total_bytes, problem, fetched_at FROM dataset_fetches"
    )
    assert (received, total, problem) == (len(CONTENT), len(CONTENT), "") and fetched_at
    assert store.due() == []
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "")


def test_equal_content_of_urls_and_uploads_is_one_file(
    web, fetcher, store, make_waiting, query, folder
):
    url = web.serve("/train", CONTENT)
    sim_id = make_waiting(train=url, validation=url, test=web.serve("/test", CONTENT))
    while due := store.due():
        fetcher.fetch(due[0])
    assert parts_of(query, sim_id) == (SHA256,) * 3
    assert len(files(folder)) == 1


def test_who_waits_for_data_holds_up_nobody(
    web, make_conductor, launcher, make_simulation, make_waiting, status
):
    conductor = make_conductor(max_running=1, max_running_per_user=1)
    waiting_one = make_waiting(train=web.serve("/train", CONTENT))
    ready = make_simulation()
    assert conductor.due() == [ready]
    for sim_id in (waiting_one, ready):
        conductor.advance(sim_id)
    assert status(ready)[0] == "running" and status(waiting_one)[0] == "queued"


def test_users_take_turns_in_what_is_fetched_too(web, store, make_waiting, query):
    url = web.serve("/train", CONTENT)
    query(
        "INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name,"
        " last_name, email, date_joined) VALUES (2, 'bob', '', false, false, true, '', '', '', now())"
    )
    for _ in range(3):
        make_waiting(train=url)
    last = make_waiting(train=url)
    query(
        "UPDATE experiments SET owner_id = 2 WHERE id ="
        " (SELECT experiment_id FROM simulations WHERE id = %s)",
        last,
    )
    [(of_bob,)] = query("SELECT max(id) FROM dataset_fetches")
    assert store.due().index(of_bob) == 1


def test_a_few_are_fetched_at_once_and_the_next_when_there_is_room(
    web, store, fetch_stores, make_waiting
):
    url = web.serve("/train", CONTENT)
    make_waiting(train=url, validation=url, test=url)
    first, second = store.due()
    with fetch_stores().exclusive(first):
        assert len(due := store.due()) == 1 and first not in due
        with fetch_stores().exclusive(second):
            assert store.due() == []
    assert store.due() == [first, second]


# How far it is


def test_how_much_has_come_is_written_while_it_comes(
    web, fetcher, store, make_waiting, query, monkeypatch
):
    monkeypatch.setattr("nnt_deployer.fetching.fetcher._TELL_S", 0.0)
    slow = Slow(web)
    make_waiting(train=web.serve("/train", slow))
    [fetch_id] = store.due()
    fetching = threading.Thread(target=fetcher.fetch, args=(fetch_id,))
    fetching.start()
    half = len(CONTENT) // 2
    wait_for(
        lambda: (
            query("SELECT received_bytes, total_bytes FROM dataset_fetches")
            == [(half, len(CONTENT))]
        ),
        "half of it to be told",
    )
    slow.go_on.set()
    fetching.join(10)
    assert query("SELECT fetched_at IS NOT NULL FROM dataset_fetches") == [(True,)]


# What goes wrong


@pytest.mark.parametrize(
    ("part", "content", "reason"),
    [
        (
            "train",
            b"<!DOCTYPE html>",
            "the training dataset could not be fetched: a page that starts with b'<!DOCTYPE html>' came, "
            "expected a dataset: .npz, csv, arff, JSON or a pickled DataFrame",
        ),
        (
            "validation",
            b"",
            "the validation dataset could not be fetched: no bytes came, "
            "expected a dataset: .npz, csv, arff, JSON or a pickled DataFrame",
        ),
    ],
)
def test_what_is_no_dataset_fails_the_simulation_with_the_reason_and_leaves_nothing(
    web, fetcher, store, conductor, make_waiting, status, folder, part, content, reason
):
    sim_id = make_waiting(**{part: web.serve("/x", content)})
    [fetch_id] = store.due()
    fetcher.fetch(fetch_id)
    assert store.due() == [] and conductor.due() == [sim_id]
    conductor.advance(sim_id)
    assert status(sim_id) == ("failed", reason)
    assert conductor.due() == [] and files(folder) == []


def test_start_fetches_again_what_failed(
    web, fetcher, store, conductor, make_waiting, status, want, query
):
    sim_id = make_waiting(train=web.serve("/train", b"", 503))
    [fetch_id] = store.due()
    fetcher.fetch(fetch_id)
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "failed" and "answered 503" in status(sim_id)[1]
    web.serve("/train", CONTENT)
    want(sim_id, "running")
    assert store.due() == []  # first it is queued again
    conductor.advance(sim_id)
    assert status(sim_id) == ("queued", "")
    assert store.due() == [fetch_id]
    fetcher.fetch(fetch_id)
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "")
    assert query("SELECT problem, failed_at FROM dataset_fetches") == [("", None)]


def test_every_part_that_failed_is_told(web, fetcher, store, conductor, make_waiting, status):
    sim_id = make_waiting(train=web.url("/none"), test=web.url("/nothing"))
    due = store.due()
    assert len(due) == 2
    for fetch_id in due:
        fetcher.fetch(fetch_id)
    conductor.advance(sim_id)
    assert status(sim_id)[1].splitlines() == [
        f"the {name} dataset could not be fetched: localhost answered 404 Not Found, expected 200 OK"
        for name in ("training", "test")
    ]


def test_a_disk_that_takes_nothing_is_told_and_logged(
    web, fetcher, store, make_waiting, query, folder
):
    make_waiting(train=web.serve("/train", CONTENT))
    folder.rmdir()
    with pytest.raises(FileNotFoundError):
        fetcher.fetch(store.due()[0])
    [(problem,)] = query("SELECT problem FROM dataset_fetches")
    assert problem.endswith("the platform has trouble with it (No such file or directory)")


def test_a_bug_is_told_once_and_not_tried_for_ever(
    web, fetcher, store, make_waiting, query, monkeypatch
):
    make_waiting(train=web.serve("/train", CONTENT))
    monkeypatch.setattr("nnt_deployer.fetching.fetcher.Download", None)
    with pytest.raises(TypeError):
        fetcher.fetch(store.due()[0])
    [(problem,)] = query("SELECT problem FROM dataset_fetches")
    assert problem.endswith("the platform has trouble with it (TypeError)") and store.due() == []


# What is asked for meanwhile


@pytest.mark.parametrize(
    ("wanted", "becomes"), [("paused", Status.PAUSED), ("stopped", Status.STOPPED)]
)
def test_pausing_or_stopping_ends_the_fetch_and_going_on_begins_it_again(
    web, fetcher, store, conductor, make_waiting, status, want, folder, monkeypatch, wanted, becomes
):
    monkeypatch.setattr("nnt_deployer.fetching.fetcher._TELL_S", 0.0)
    slow = Slow(web)
    sim_id = make_waiting(train=web.serve("/train", slow))
    [fetch_id] = store.due()
    fetching = threading.Thread(target=fetcher.fetch, args=(fetch_id,))
    fetching.start()
    assert slow.began.wait(10)
    want(sim_id, wanted)
    conductor.advance(sim_id)
    assert status(sim_id) == (becomes, "")
    slow.go_on.set()
    fetching.join(10)
    assert files(folder) == [] and store.due() == [] and conductor.due() == []
    want(sim_id, "running")
    conductor.advance(sim_id)
    assert store.due() == [fetch_id]
    fetcher.fetch(fetch_id)
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "running"


@pytest.mark.parametrize("tell_s", [0.0, 60.0])  # noticed while it comes, and only at the end
def test_deleting_ends_the_fetch_and_leaves_no_file_and_no_row(
    web, fetcher, store, conductor, make_waiting, want, query, folder, monkeypatch, tell_s
):
    monkeypatch.setattr("nnt_deployer.fetching.fetcher._TELL_S", tell_s)
    slow = Slow(web)
    sim_id = make_waiting(train=web.serve("/train", slow))
    fetching = threading.Thread(target=fetcher.fetch, args=(store.due()[0],))
    fetching.start()
    assert slow.began.wait(10)
    want(sim_id, "deleted")
    conductor.advance(sim_id)
    slow.go_on.set()
    fetching.join(10)
    assert not fetching.is_alive()
    assert files(folder) == []
    for table in ("simulations", "experiments", "dataset_fetches", "datasets"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_deletion_waits_for_a_file_that_is_being_put_in_place_and_takes_it_along(
    store, conductor, make_waiting, want, query, folder
):
    sim_id = make_waiting(train="http://unused.example/")
    [fetch_id] = store.due()
    path = dataset_path(folder, SHA256)
    want(sim_id, "deleted")
    deleting = threading.Thread(target=conductor.advance, args=(sim_id,))

    def put_in_place() -> None:
        path.parent.mkdir()
        path.write_bytes(CONTENT)
        deleting.start()
        deleting.join(0.3)
        assert deleting.is_alive()

    assert store.finish(fetch_id, SHA256, len(CONTENT), put_in_place)
    deleting.join(10)
    assert query("SELECT count(*) FROM experiments") == [(0,)]
    assert query("SELECT count(*) FROM datasets") == [(0,)] and not path.exists()


def test_datasets_are_removed_only_while_no_file_is_being_put_in_place(
    settings, store, make_waiting, query
):
    make_waiting(train="http://unused.example/")
    query("INSERT INTO datasets (sha256, bytes) VALUES (%s, 1)", SHA256)  # of nobody any more
    removed: list[str] = []

    def put_in_place() -> None:
        with open_store(settings) as other:
            other.delete_unused_datasets(removed.append)

    assert store.finish(store.due()[0], SHA256, len(CONTENT), put_in_place)
    assert removed == []
    assert query("SELECT count(*) FROM datasets WHERE sha256 = %s", SHA256) == [(1,)]


# One at a time, and what killed workers leave


def test_nobody_fetches_what_somebody_is_at(web, fetcher, store, fetch_stores, make_waiting):
    make_waiting(train=web.serve("/train", CONTENT))
    [fetch_id] = store.due()
    with fetch_stores().exclusive(fetch_id) as mine:
        assert mine and store.due() == []
        fetcher.fetch(fetch_id)
    assert web.asked == []
    fetcher.fetch(fetch_id)
    fetcher.fetch(fetch_id)  # a bell that came twice
    assert len(web.asked) == 1


def test_files_of_nobody_are_removed_and_others_are_not(fetcher, fetch_stores, folder):
    abandoned, alive = folder / ".incoming-fetch-7", folder / ".incoming-fetch-8"
    upload = folder / ".incoming-upload"
    for path in (abandoned, alive, upload):
        path.touch()
    with fetch_stores().exclusive(8):
        fetcher.remove_abandoned()
    assert not abandoned.exists() and alive.exists() and upload.exists()


# Bells


def test_the_loop_rings_for_each_once_and_again_when_all_are_heard(
    settings, store, inspections, make_waiting
):
    celery = create_celery(settings)
    for _ in range(2):
        make_waiting(train="http://unused.example/")
    for _ in range(3):
        ring_for_data(inspections, store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 2
    assert waiting(celery, "deployer") == 0
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(doorbell.DATA_QUEUE)  # they are heard
    ring_for_data(inspections, store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 2


def test_while_redis_is_away_nothing_is_fetched_and_the_loop_goes_on(
    settings_without_redis, store, inspections, make_waiting, caplog
):
    make_waiting(train="http://unused.example/")
    ring_for_data(inspections, store, create_celery(settings_without_redis))
    assert "datasets are fetched and inspected when it does" in caplog.text
    assert len(store.due()) == 1
