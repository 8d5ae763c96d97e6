"""A simulation's way through the deployer, with the real database."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from nnt_contract.environment import (
    EXIT_FAILED,
    EXIT_FINISHED,
    OUTBOX,
    PARSER_URL,
    RUN_DIR,
    RUN_FILE,
    RUN_TOKEN,
    WAITING,
    outbox_name,
)
from nnt_contract.simulation_config import SimulationRun
from nnt_contract.tokens import RunToken, check
from nnt_deployer.doorbell import QUEUE
from nnt_deployer.launchers.base import Exit, Handle
from nnt_deployer.reconciler import tick
from nnt_deployer.store import open_store
from nnt_deployer.tasks import advance_and_ring
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import wait_for
from tests.integration.conftest import SECRET


@pytest.fixture
def status(query):
    return lambda sim_id: query("SELECT status, reason FROM simulations WHERE id = %s", sim_id)[0]


@pytest.fixture
def arrive(query):
    """What the parser writes when everything has arrived."""

    def write(sim_id, received=3, error=None):
        query(
            "INSERT INTO simulation_progress (sim_id, received, epoch, time) VALUES (%s, %s, 2, now())",
            sim_id,
            received,
        )
        query(
            "INSERT INTO run_ends (sim_id, attempt, time, error) VALUES (%s, 1, now(), %s)",
            sim_id,
            error,
        )

    return write


def test_a_queued_simulation_is_started_with_all_it_needs(
    conductor, launcher, make_simulation, status, tmp_path
):
    sim_id = make_simulation(sha256="ab" * 32)
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "")
    [spec] = launcher.specs
    run = SimulationRun.model_validate_json(
        (Path(spec.environment[RUN_DIR]) / RUN_FILE).read_text()
    )
    assert (run.id, run.attempt, run.seed, run.threads) == (sim_id, 1, 7, 1)
    assert run.datasets["train"] == str(tmp_path / "datasets" / "ab" / ("ab" * 32))
    assert check(SECRET, spec.environment[RUN_TOKEN]) == RunToken(sim_id, 1)
    assert spec.environment[PARSER_URL] == "http://127.0.0.1:6000"


def test_settings_of_simulations_are_passed_on_and_nothing_else_is(
    conductor, launcher, make_simulation, monkeypatch
):
    monkeypatch.setenv("NNT_OUTBOX_MAX_MB", "7")
    monkeypatch.setenv("NNT_SECRET_KEY", "not for them")
    conductor.advance(make_simulation())
    [spec] = launcher.specs
    assert spec.environment["NNT_OUTBOX_MAX_MB"] == "7"
    assert "NNT_SECRET_KEY" not in spec.environment


def test_it_is_finished_when_every_collection_has_arrived(
    conductor, launcher, make_simulation, status, arrive
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    launcher.end(Handle(sim_id, 1), Exit(code=EXIT_FINISHED))
    conductor.advance(sim_id)
    assert status(sim_id) == ("finishing", "")
    arrive(sim_id)
    conductor.advance(sim_id)
    assert status(sim_id) == ("finished", "")
    assert conductor.due() == []


def test_a_killed_one_has_failed_with_its_reason_and_the_end_of_its_log(
    conductor, launcher, make_simulation, status
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    assert status(sim_id) == (
        "failed",
        "its process was killed (SIGKILL)\nthe first line\nthe last line of the log",
    )


def test_whatever_it_printed_last_its_end_is_written_down(
    conductor, launcher, make_simulation, status
):
    launcher.printed = b"a NUL: \0, half a character: \xed\xa0\x80"
    sim_id = make_simulation()
    conductor.advance(sim_id)
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "failed" and "a NUL: \ufffd, half" in status(sim_id)[1]


def test_one_that_told_why_it_failed_has_that_reason(
    conductor, launcher, make_simulation, status, arrive
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    launcher.end(Handle(sim_id, 1), Exit(code=EXIT_FAILED))
    arrive(sim_id, 0, "the labels are strings")
    conductor.advance(sim_id)
    assert status(sim_id) == ("failed", "the labels are strings")


def test_one_that_cannot_be_started_has_failed_with_the_launchers_words(
    conductor, launcher, make_simulation, status
):
    launcher.refuses = "no such program"
    sim_id = make_simulation()
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "failed" and status(sim_id)[1].startswith("no such program")


def test_only_as_many_run_as_there_is_room_for_and_the_oldest_goes_first(
    conductor, launcher, make_simulation, status, arrive
):
    ids = [make_simulation() for _ in range(4)]
    for sim_id in reversed(ids):
        conductor.advance(sim_id)
    for sim_id in ids:
        conductor.advance(sim_id)
    assert [status(sim_id)[0] for sim_id in ids] == ["running", "running", "queued", "queued"]
    launcher.end(Handle(ids[0], 1), Exit(signal=15))
    conductor.advance(ids[0])
    assert conductor.due() == [ids[2]]


def test_a_deployer_that_died_before_starting_starts_it_once_later(
    conductor, settings, launcher, make_simulation, status
):
    sim_id = make_simulation()
    with open_store(settings) as store:
        store.prepare(sim_id, 1, launcher.name)  # and then it was killed
    assert conductor.due() == [sim_id]
    conductor.advance(sim_id)
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "running"
    assert [spec.handle for spec in launcher.specs] == [Handle(sim_id, 1)]


def test_deleting_a_running_one_ends_it_and_removes_rows_and_files(
    conductor, launcher, make_simulation, query, arrive, tmp_path
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    arrive(sim_id)
    query("UPDATE simulations SET wanted = 'deleted' WHERE id = %s", sim_id)
    conductor.advance(sim_id)
    assert query("SELECT count(*) FROM simulations") == [(0,)]
    assert query("SELECT count(*) FROM experiments") == [(0,)]
    assert launcher.processes == {}
    assert list((tmp_path / "runs").iterdir()) == []


def test_while_somebody_else_acts_on_a_simulation_nobody_else_does(
    conductor, settings, make_simulation, status
):
    sim_id = make_simulation()
    with open_store(settings) as other, other.exclusive(sim_id) as got:
        assert got
        conductor.advance(sim_id)
        assert status(sim_id)[0] == "queued"
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "running"


def test_there_is_one_reconciler(settings):
    with open_store(settings) as first, open_store(settings) as second:
        assert first.lead_loop() and not second.lead_loop()
        first.close()
        wait_for(second.lead_loop, "the place of the first")


def test_the_loop_acts_itself_while_redis_is_away(
    settings_without_redis, conductor, make_simulation, status
):
    sim_id = make_simulation()
    tick(conductor, create_celery(settings_without_redis))
    assert status(sim_id)[0] == "running"


@pytest.fixture
def rung(settings):
    """How many doorbells have rung that no worker has heard."""
    celery = create_celery(settings)
    celery.control.purge()
    return celery, lambda: waiting(celery, QUEUE)


def test_a_place_that_is_given_away_is_offered_at_once(
    make_conductor, launcher, make_simulation, rung
):
    celery, bells = rung
    conductor = make_conductor(max_running=1)
    first, second = make_simulation(), make_simulation()
    for sim_id in (first, second):
        advance_and_ring(celery, conductor, sim_id)
    assert [spec.handle.sim_id for spec in launcher.specs] == [first]
    assert bells() == 0
    launcher.end(Handle(first, 1), Exit(code=EXIT_FINISHED))
    advance_and_ring(celery, conductor, first)
    assert conductor.due() == [second]
    assert bells() == 1


def test_a_full_outbox_is_told_while_it_lasts(conductor, make_simulation, status, tmp_path):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    waiting = tmp_path / "runs" / str(sim_id) / WAITING
    waiting.touch()
    conductor.advance(sim_id)
    assert status(sim_id)[1].startswith("waiting for parser")
    waiting.unlink()
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "")


def test_an_outbox_that_is_left_is_marked_before_the_end_is_told(
    conductor, launcher, make_simulation, status, tmp_path
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    outbox = tmp_path / "runs" / str(sim_id) / OUTBOX
    outbox.mkdir()
    (outbox / outbox_name(0, "finish")).touch()
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "failed"
    assert conductor.undelivered() == [sim_id]


def test_what_arrives_after_a_kill_can_still_finish_it(
    conductor, launcher, make_simulation, status, arrive, tmp_path
):
    sim_id = make_simulation()
    conductor.advance(sim_id)
    (tmp_path / "undelivered" / str(sim_id)).touch()
    launcher.end(Handle(sim_id, 1), Exit(signal=9))
    conductor.advance(sim_id)
    arrive(sim_id)
    conductor.deliver(sim_id)
    assert status(sim_id) == ("finished", "")
    assert conductor.undelivered() == []


def test_datasets_go_with_the_last_simulation_that_used_them(
    conductor, make_simulation, query, tmp_path
):
    shared, own = "aa" * 32, "bb" * 32
    for sha256 in (shared, own):
        path = tmp_path / "datasets" / sha256[:2] / sha256
        path.parent.mkdir(parents=True)
        path.touch()
    gone = [make_simulation(sha256=shared), make_simulation(sha256=own)]
    make_simulation(sha256=shared)
    for sim_id in gone:
        query("UPDATE simulations SET wanted = 'deleted' WHERE id = %s", sim_id)
        conductor.advance(sim_id)
    assert query("SELECT sha256 FROM datasets") == [(shared,)]
    assert [path.name for path in (tmp_path / "datasets").rglob("*") if path.is_file()] == [shared]


def test_no_dataset_is_removed_while_an_upload_holds_them(
    conductor, make_simulation, query, database
):
    sim_id = make_simulation()
    query("UPDATE simulations SET wanted = 'deleted' WHERE id = %s", sim_id)
    with closing(psycopg2.connect(database)) as uploading, uploading.cursor() as cursor:
        cursor.execute("SELECT hold_datasets()")
        conductor.advance(sim_id)
        assert query("SELECT count(*) FROM datasets") == [(1,)]
