"""Datasets from URLs, with the real database, broker, worker and a real web server: from the row to the file."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import psycopg2
import pytest
import redis
from pydantic import SecretStr

from nnt_contract.status import Status
from nnt_deployer import doorbell
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.fetching.download import Bounds
from nnt_deployer.fetching.fetcher import Fetcher
from nnt_deployer.reconciler import ring_for_fetches
from nnt_deployer.settings import DataWorkerSettings
from nnt_deployer.store import open_store
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import ROOT, wait_for
from tests.web import Web, serving

BOUNDS = Bounds(max_bytes=10_000_000, seconds=30, allowed_hosts=["localhost"])
UPLOADED = "0" * 64  # the dataset of make_simulation


def npz(values: int = 1000) -> bytes:
    content = BytesIO()
    np.savez(content, x=np.arange(values))
    return content.getvalue()


CONTENT = npz()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "datasets"
    made.mkdir()
    return made


@pytest.fixture
def make_waiting(make_simulation, query) -> Callable[..., uuid.UUID]:
    """A simulation whose parts come from these URLs; keyword arguments are parts."""

    def make(**urls: str) -> uuid.UUID:
        sim_id: uuid.UUID = make_simulation()
        for part, url in urls.items():
            query(
                f"WITH x AS (UPDATE experiments SET {part}_dataset_id = NULL WHERE id ="
                " (SELECT experiment_id FROM simulations WHERE id = %s) RETURNING id)"
                " INSERT INTO dataset_fetches (experiment_id, part, url) SELECT id, %s, %s FROM x",
                sim_id,
                part,
                url,
            )
        return sim_id

    return make


@pytest.fixture
def fetch_stores(database: str) -> Iterator[Callable[[], FetchStore]]:
    """Each as if in another process."""
    opened = []

    def make() -> FetchStore:
        opened.append(psycopg2.connect(database))
        return FetchStore(opened[-1])

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def store(fetch_stores: Callable[[], FetchStore]) -> FetchStore:
    return fetch_stores()


@pytest.fixture
def fetcher(store: FetchStore, folder: Path) -> Fetcher:
    return Fetcher(store, folder, BOUNDS)


@pytest.fixture
def status(query) -> Callable[[uuid.UUID], tuple[str, str]]:
    return lambda sim_id: query("SELECT status, reason FROM simulations WHERE id = %s", sim_id)[0]


@pytest.fixture
def want(query) -> Callable[[uuid.UUID, str], None]:
    def write(sim_id: uuid.UUID, wanted: str) -> None:
        query(
            "UPDATE simulations SET wanted = %s, wanted_at = clock_timestamp() WHERE id = %s",
            wanted,
            sim_id,
        )

    return write


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def parts_of(query, sim_id: uuid.UUID) -> tuple[str | None, ...]:
    [row] = query(
        "SELECT train_dataset_id, validation_dataset_id, test_dataset_id FROM experiments"
        " WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)",
        sim_id,
    )
    return tuple(row)


class Slow:
    """Sends a part of the content, and the rest when it is told to."""

    def __init__(self, web: Web, content: bytes = CONTENT) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()
        self._web = web
        self._content = content

    def __call__(self, request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(self._content)))
        request.end_headers()
        half = len(self._content) // 2
        request.wfile.write(self._content[:half])
        self.began.set()
        while not self.go_on.wait(0.05) and not self._web.ended.is_set():
            pass
        request.wfile.write(self._content[half:])


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
    for fetch_id in store.due():
        fetcher.fetch(fetch_id)
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


def test_the_loop_rings_for_each_once_and_again_when_all_are_heard(settings, store, make_waiting):
    celery = create_celery(settings)
    for _ in range(2):
        make_waiting(train="http://unused.example/")
    for _ in range(3):
        ring_for_fetches(store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 2
    assert waiting(celery, "deployer") == 0
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(doorbell.DATA_QUEUE)  # they are heard
    ring_for_fetches(store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 2


def test_while_redis_is_away_nothing_is_fetched_and_the_loop_goes_on(
    settings_without_redis, store, make_waiting, caplog
):
    make_waiting(train="http://unused.example/")
    ring_for_fetches(store, create_celery(settings_without_redis))
    assert "datasets are fetched when it does" in caplog.text
    assert len(store.due()) == 1


# The worker


class Worker:
    """A data worker as the Procfile starts it, with one process."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "nnt_deployer.data_worker"),
                    *("worker", "--concurrency", "1", "--loglevel", "info"),
                    *("--without-mingle", "--without-gossip"),
                ],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def kill(self) -> None:
        """All of its processes at once."""
        main = psutil.Process(self.process.pid)
        killed = [main, *main.children(recursive=True)]
        for process in killed:
            process.kill()
        self.process.wait()
        psutil.wait_procs(killed, timeout=10)


@pytest.fixture
def start_worker(settings, tmp_path, folder) -> Iterator[Callable[[], Worker]]:
    """With a watchdog that is impatient, and no setting but those it needs."""
    told = {
        "NNT_DATABASE_URL": settings.database_url.get_secret_value(),
        "NNT_REDIS_URL": settings.redis_url.get_secret_value(),
        "NNT_DATA_DIR": str(tmp_path),
        "NNT_WATCHDOG_S": "1",
        "NNT_FETCH_ALLOWED_HOSTS": '["localhost"]',
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("NNT_")}
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(others | told, tmp_path / "worker.log"))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def test_a_killed_workers_fetch_is_taken_up_again_and_its_half_file_goes(
    web, settings, store, make_waiting, start_worker, query, folder
):
    slow = Slow(web)
    sim_id = make_waiting(train=web.serve("/train", slow))
    celery = create_celery(settings)
    first = start_worker()
    ring_for_fetches(store, celery)
    assert slow.began.wait(30)
    wait_for(lambda: files(folder), "a half file")
    assert store.due() == []
    first.kill()
    [half] = files(folder)
    assert half.name.startswith(".incoming-")
    slow.go_on.set()

    def fetched() -> bool:
        ring_for_fetches(store, celery)
        return parts_of(query, sim_id)[0] == SHA256

    start_worker()
    wait_for(fetched, "the fetch to be taken up again", 30)
    assert files(folder) == [dataset_path(folder, SHA256)]


def test_a_half_file_goes_with_the_next_start_also_when_nobody_waits_any_more(start_worker, folder):
    (folder / ".incoming-fetch-7").touch()
    start_worker()
    wait_for(lambda: not files(folder), "the file to be removed")


def test_a_worker_that_fetches_for_long_while_bells_wait_is_not_taken_for_a_dead_one(
    web, settings, store, make_waiting, start_worker, query
):
    slow = Slow(web)
    make_waiting(train=web.serve("/slow", slow))
    celery = create_celery(settings)
    worker = start_worker()
    ring_for_fetches(store, celery)
    assert slow.began.wait(30)
    second = make_waiting(train=web.serve("/train", CONTENT))
    ring_for_fetches(store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 1
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(3)  # three times the watchdog's patience
    slow.go_on.set()
    wait_for(lambda: parts_of(query, second)[0] == SHA256, "the second to be fetched")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0


# Who may reach what


def imported_by(module: str) -> set[str]:
    """Every module of ours that is there once this one is."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, {module}; print(*(m for m in sys.modules if m.startswith('nnt_')))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(said.stdout.split())


@pytest.mark.parametrize(
    "module", ["conductor", "tasks", "worker", "reconciler", "app", "shutdown"]
)
def test_what_reaches_docker_fetches_nothing(module):
    assert not {name for name in imported_by(f"nnt_deployer.{module}") if "fetching" in name}


def test_what_fetches_does_not_reach_docker_and_needs_no_secret(database, redis_url, tmp_path):
    found = imported_by("nnt_deployer.data_worker")
    assert "nnt_deployer.fetching.fetcher" in found
    assert not {name for name in found if "launcher" in name or "conductor" in name}
    DataWorkerSettings(
        database_url=SecretStr(database), redis_url=SecretStr(redis_url), data_dir=tmp_path
    )
    assert not {"token_secret", "service_token"} & DataWorkerSettings.model_fields.keys()
