"""The data worker: killed, busy for long, and kept from Docker and from secrets."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from pydantic import SecretStr

from nnt_deployer import doorbell
from nnt_deployer.dataset_path import dataset_path
from nnt_deployer.reconciler import ring_for_data
from nnt_deployer.settings import DataWorkerSettings
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import wait_for
from tests.integration.data_worker import start_worker
from tests.integration.fetches import (
    CONTENT,
    SHA256,
    Slow,
    fetch_stores,
    files,
    folder,
    inspections,
    make_waiting,
    parts_of,
    store,
    web,
)
from tests.integration.inspected_data import GOOD, make_uninspected

__all__ = [
    "fetch_stores",
    "folder",
    "inspections",
    "make_uninspected",
    "make_waiting",
    "start_worker",
    "store",
    "web",
]


def test_a_killed_workers_fetch_is_taken_up_again_and_its_half_file_goes(
    web, settings, store, inspections, make_waiting, start_worker, query, folder
):
    slow = Slow(web)
    sim_id = make_waiting(train=web.serve("/train", slow))
    celery = create_celery(settings)
    first = start_worker()
    ring_for_data(inspections, store, celery)
    assert slow.began.wait(30)
    wait_for(lambda: files(folder), "a half file")
    assert store.due() == []
    first.kill()
    [half] = files(folder)
    assert half.name.startswith(".incoming-")
    slow.go_on.set()

    def fetched() -> bool:
        ring_for_data(inspections, store, celery)
        return parts_of(query, sim_id)[0] == SHA256

    start_worker()
    wait_for(fetched, "the fetch to be taken up again", 30)
    assert files(folder) == [dataset_path(folder, SHA256)]


def test_a_half_file_goes_with_the_next_start_also_when_nobody_waits_any_more(start_worker, folder):
    (folder / ".incoming-fetch-7").touch()
    start_worker()
    wait_for(lambda: not files(folder), "the file to be removed")


def test_a_worker_that_fetches_for_long_while_bells_wait_is_not_taken_for_a_dead_one(
    web, settings, store, inspections, make_waiting, start_worker, query
):
    slow = Slow(web)
    make_waiting(train=web.serve("/slow", slow))
    celery = create_celery(settings)
    worker = start_worker()
    ring_for_data(inspections, store, celery)
    assert slow.began.wait(30)
    second = make_waiting(train=web.serve("/train", CONTENT))
    ring_for_data(inspections, store, celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 1
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(3)  # three times the watchdog's patience
    slow.go_on.set()
    wait_for(lambda: parts_of(query, second)[0] == SHA256, "the second to be fetched")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0


# Inspections


def test_what_was_fetched_is_inspected_and_its_simulation_looked_at_without_a_tick(
    web, settings, store, inspections, make_uninspected, start_worker, query
):
    sim_id = make_uninspected()
    query("UPDATE experiments SET train_dataset_id = NULL")
    query(
        "INSERT INTO dataset_fetches (experiment_id, part, url) SELECT id, 'train', %s FROM experiments",
        web.serve("/train", GOOD["train"]),
    )
    celery = create_celery(settings)
    start_worker()
    ring_for_data(inspections, store, celery)
    wait_for(lambda: waiting(celery, doorbell.QUEUE), "the simulation's bell", 30)
    assert query("SELECT problem, finished_at IS NULL FROM data_inspections") == [("", False)]
    assert query("SELECT sim_id FROM simulation_queue()") == [(sim_id,)]


def test_a_killed_workers_inspection_leaves_no_process_and_is_begun_again(
    settings, store, inspections, make_uninspected, start_worker, query, folder
):
    make_uninspected()
    [(sha256,)] = query("SELECT train_dataset_id FROM experiments")
    path = dataset_path(folder, sha256)
    path.unlink()
    os.mkfifo(path)  # whoever reads it waits
    celery = create_celery(settings)
    first = start_worker()
    ring_for_data(inspections, store, celery)
    [child] = wait_for(lambda: inspecting(first.process.pid), "an inspection")
    assert inspections.due() == []
    for process in [first.process.pid, child.ppid()]:
        os.kill(process, signal.SIGKILL)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()
    path.unlink()
    path.write_bytes(GOOD["train"])

    def inspected() -> bool:
        ring_for_data(inspections, store, celery)
        return bool(query("SELECT 1 FROM data_inspections WHERE finished_at IS NOT NULL"))

    start_worker()
    wait_for(inspected, "it to be inspected again", 30)


def test_a_program_that_is_killed_is_told_and_its_simulation_looked_at(
    settings, store, inspections, make_uninspected, start_worker, query, folder
):
    make_uninspected()
    [(sha256,)] = query("SELECT test_dataset_id FROM experiments")
    dataset_path(folder, sha256).unlink()
    os.mkfifo(dataset_path(folder, sha256))
    celery = create_celery(settings)
    worker = start_worker()
    ring_for_data(inspections, store, celery)
    [child] = wait_for(lambda: inspecting(worker.process.pid), "an inspection")
    child.kill()
    wait_for(lambda: waiting(celery, doorbell.QUEUE), "the simulation's bell")
    [(problem,)] = query("SELECT problem FROM data_inspections")
    assert "it was killed, as when the machine has no memory left" in problem


def inspecting(worker: int) -> list[psutil.Process]:
    """Its children that have begun to read."""
    children = psutil.Process(worker).children(recursive=True)
    return [one for one in children if "nnt_datasets" in one.cmdline()]


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
def test_what_reaches_docker_fetches_and_inspects_nothing(module):
    found = imported_by(f"nnt_deployer.{module}")
    assert not {name for name in found if "fetching" in name}
    assert "nnt_deployer.data_inspection.program" not in found


def test_what_fetches_and_inspects_does_not_reach_docker_and_needs_no_secret(
    database, redis_url, tmp_path
):
    found = imported_by("nnt_deployer.data_worker")
    assert {"nnt_deployer.fetching.fetcher", "nnt_deployer.data_inspection.inspector"} <= found
    assert "nnt_datasets" not in found  # its child alone reads what is in a dataset
    assert not {name for name in found if "launcher" in name or "conductor" in name}
    DataWorkerSettings(
        database_url=SecretStr(database), redis_url=SecretStr(redis_url), data_dir=tmp_path
    )
    assert not {"token_secret", "service_token"} & DataWorkerSettings.model_fields.keys()
