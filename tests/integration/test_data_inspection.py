"""Data are inspected before a launch, with the real program, database and broker."""

import ctypes
import gzip
import json
import logging
import pickle
import threading
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
import pytest

from nnt_contract.status import Status
from nnt_deployer import doorbell
from nnt_deployer.data_inspection import program
from nnt_deployer.data_inspection.inspector import Inspector
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.reconciler import ring_for_data
from nnt_deployer.worker import create_celery
from nnt_service.celery_app import waiting
from tests.conftest import wait_for
from tests.datasets.builders import npz, zipped
from tests.integration.fetches import folder, want
from tests.integration.inspected_data import (
    BOUNDS,
    GOOD,
    inspector,
    make_uninspected,
    model,
    status,
    store,
    stores,
)

_PR_GET_DUMPABLE = 3

__all__ = ["folder", "inspector", "make_uninspected", "status", "store", "stores", "want"]


def npy() -> bytes:
    content = BytesIO()
    np.save(content, np.zeros((3, 4)))
    return content.getvalue()


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def configuration(query, sim_id, **changes: object) -> None:
    query(
        "UPDATE simulations SET configuration = configuration || %s WHERE id = %s",
        json.dumps(changes),
        sim_id,
    )


def report(query) -> dict[str, Any]:
    [(found,)] = query("SELECT report FROM data_inspections WHERE finished_at IS NOT NULL")
    return dict(found)


# From the row to the report, and to the launch


def test_nothing_starts_before_its_data_are_inspected_and_everything_after(
    make_uninspected, inspector, store, conductor, launcher, status, query
):
    sim_id = make_uninspected()
    conductor.advance(sim_id)
    assert status(sim_id) == ("queued", "", 0) and launcher.specs == []
    [experiment_id] = store.due()
    assert inspector.inspect(experiment_id) == [sim_id]
    assert store.due() == []
    found = report(query)
    assert {part: one["rows"] for part, one in found["parts"].items()} == dict.fromkeys(GOOD, 20)
    assert found["problems"] == []
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "", 1)


def test_rows_that_occur_in_two_parts_are_told_and_prevent_nothing(
    make_uninspected, inspector, store, conductor, status, query
):
    sim_id = make_uninspected({"test": GOOD["train"]})
    inspector.inspect(store.due()[0])
    [leak] = report(query)["problems"]
    assert leak.startswith(
        "Test data: 20 of 20 rows have the same features as a row of the training data (rows 1, 2,"
    )
    conductor.advance(sim_id)
    assert status(sim_id)[0] == "running"


def test_names_inside_the_data_are_those_of_the_configuration(
    make_uninspected, inspector, store, query
):
    content = npz(pictures=np.arange(8.0).reshape(2, 4), answers=np.array([0, 1]))
    sim_id = make_uninspected({"validation": content})
    configuration(query, sim_id, validation={"features": "pictures", "labels": "answers"})
    inspector.inspect(store.due()[0])
    assert report(query)["parts"]["validation"]["rows"] == 2


# What is wrong, before anything is launched

CSV = "a,b,label\n1,2,0\n3,4,1\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Training data: expected an .npz, .csv, .arff or .json file,"),
        (npy(), "received an .npy file, one array without a name."),
        (gzip.compress(b"a,label\n1,0\n"), "received a gzip file. Unpack it first."),
        (npz(y=np.zeros(3)), "Training data: expected an array named 'x', received"),
        (
            npz(x=np.zeros((3, 4)), y=np.zeros(2)),
            "array 'y': expected 3 labels, as many as 'x' has rows, received 2.",
        ),
        (
            npz(x=np.zeros((3, 5)), y=np.zeros(3)),
            "expected rows of the shape (4,), which the model",
        ),
        (
            npz(x=np.array([["a", "b"]]), y=np.zeros(1)),
            "Training data, array 'x': expected an array of numbers",
        ),
        (
            npz(x=np.zeros((2, 4)), y=np.array([0, np.nan])),
            "row 2, array 'y': expected finite numbers as labels",
        ),
        (b"a,b,label\n1,cat,0\n", "line 2, column 'b': expected a number, received 'cat'."),
        (b"a,b,label\n1,2,0\n1,,0\n", "line 3, column 'b': expected a number, received"),
        (
            b"a,b,label\n1,2\n",
            "Training data, line 2: expected 3 cells, one per column, received 2.",
        ),
        (b"a,b,c\n1,2,0\n", "expected a label column named 'label', received a table with"),
        (
            b"@relation r\n@attribute a real\n@attribute label {no,yes}\n@data\n1,maybe\n",
            "line 5, column 'label': expected one of 'no', 'yes', received 'maybe'.",
        ),
        (b'{"a": [1, 2], "label": [0]}', "column"),
        (b'{"a": [1, null], "label": [0, 1]}', "row 2, column 'a': expected"),
        (pickle.dumps(table(a=[1.0, "x"], label=[0, 1])), "row 2, column 'a': expected a number"),
        (
            pickle.dumps(print),
            "Training data: expected a DataFrame as DataFrame.to_pickle writes it",
        ),
        (
            zipped(("frame.pkl", pickle.dumps(table(a=[1.0], other=[0])))),
            "expected a label column named 'label'",
        ),
    ],
)
def test_what_is_wrong_fails_the_simulation_with_one_sentence_before_any_process(
    make_uninspected,
    inspector,
    store,
    conductor,
    launcher,
    status,
    settings,
    query,
    content,
    reason,
):
    sim_id = make_uninspected({"train": content})
    configuration(query, sim_id, label_column="label")
    [experiment_id] = store.due()
    assert inspector.inspect(experiment_id) == [sim_id]
    assert store.due() == [] and conductor.due() == [sim_id]
    conductor.advance(sim_id)
    became, told, attempt = status(sim_id)
    assert (became, attempt, launcher.specs) == ("failed", 0, [])
    assert reason in told and told.startswith("Training data") and len(told) < 500
    assert not settings.runs_dir.exists()


def test_the_part_that_is_wrong_is_named(make_uninspected, inspector, store, conductor, status):
    sim_id = make_uninspected({"test": npz(x=np.zeros((3, 7)), y=np.zeros(3))})
    inspector.inspect(store.due()[0])
    conductor.advance(sim_id)
    assert status(sim_id)[1] == (
        "Test data: expected rows of the shape (4,), which the model takes, received rows of the shape (7,)."
    )


def test_rows_of_any_shape_pass_where_the_model_leaves_it_open(
    make_uninspected, inspector, store, query
):
    make_uninspected(model=json.dumps({"class_name": "Sequential", "config": {"layers": []}}))
    inspector.inspect(store.due()[0])
    assert report(query)["parts"]["train"]["feature_shape"] == [4]


def test_pictures_without_an_axis_for_colours_pass_as_they_train(
    make_uninspected, inspector, store, query
):
    pictures = npz(x=np.random.default_rng(1).normal(size=(5, 2, 2)), y=np.arange(5))
    make_uninspected(dict.fromkeys(GOOD, pictures), model=model(2, 2, 1))
    inspector.inspect(store.due()[0])
    assert report(query)["parts"]["train"]["feature_shape"] == [2, 2]


def test_a_json_file_beyond_its_limit_is_told(make_uninspected, store, folder, query):
    make_uninspected({"train": b'{"a": [' + b"1," * 2**20 + b'1], "label": [0]}'})
    small = BOUNDS.__class__(array_mb=64, whole_mb=1, memory_mb=512, seconds=30)
    Inspector(store, folder, small).inspect(store.due()[0])
    [(problem,)] = query("SELECT problem FROM data_inspections")
    assert problem.startswith("Training data: expected at most 1.0 MiB")


def test_names_that_no_table_of_ours_could_hold_are_made_harmless(
    make_uninspected, inspector, store, query
):
    names = b'{"a\\u0000": [1, 2], "\\ud800": [1, 2], "label": [0, 1]}'
    make_uninspected(dict.fromkeys(GOOD, names), model=model(2))
    configuration(query, query("SELECT id FROM simulations")[0][0], label_column="label")
    inspector.inspect(store.due()[0])
    assert report(query)["parts"]["train"]["columns"] == ["a�", "�"]


def test_what_is_wrong_is_said_of_the_file_as_its_owner_calls_it(
    make_uninspected, inspector, store, conductor, status, query, folder
):
    sim_id = make_uninspected()
    query("""UPDATE experiments SET file_names = '{"train": "cats.csv"}'""")
    [experiment_id] = store.due()
    [(sha256,)] = query("SELECT train_dataset_id FROM experiments")
    (folder / sha256[:2] / sha256).unlink()
    inspector.inspect(experiment_id)
    conductor.advance(sim_id)
    told = "Training data (cats.csv): expected a file, received none."
    assert status(sim_id) == ("failed", told, 0)


# Again


def test_start_inspects_again_what_failed(
    make_uninspected, inspector, store, conductor, status, want, query, folder
):
    sim_id = make_uninspected()
    [experiment_id] = store.due()
    [(sha256,)] = query("SELECT train_dataset_id FROM experiments")
    path = folder / sha256[:2] / sha256
    path.rename(path.with_suffix(".away"))
    inspector.inspect(experiment_id)
    conductor.advance(sim_id)
    assert status(sim_id) == ("failed", "Training data: expected a file, received none.", 0)
    path.with_suffix(".away").rename(path)
    want(sim_id, "running")
    assert store.due() == []  # first it is queued again
    conductor.advance(sim_id)
    assert store.due() == [experiment_id]
    inspector.inspect(experiment_id)
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "", 1)
    assert query("SELECT problem, failed_at FROM data_inspections") == [("", None)]


def test_data_are_inspected_when_all_parts_are_there(make_uninspected, store, query):
    make_uninspected()
    query("UPDATE experiments SET test_dataset_id = NULL")
    assert store.due() == []
    query("UPDATE experiments SET test_dataset_id = train_dataset_id")
    assert len(store.due()) == 1


def test_users_take_turns_in_what_is_inspected_too(make_uninspected, store, query):
    for _ in range(3):
        make_uninspected()
    last = make_uninspected()
    query(
        "INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name,"
        " last_name, email, date_joined) VALUES (2, 'bob', '', false, false, true, '', '', '', now())"
    )
    query(
        "UPDATE experiments SET owner_id = 2, created_at = now() + interval '1 hour' WHERE id ="
        " (SELECT experiment_id FROM simulations WHERE id = %s)",
        last,
    )
    [(of_bob,)] = query("SELECT id FROM experiments WHERE owner_id = 2")
    assert store.due().index(of_bob) == 1


# One at a time, and what is asked for meanwhile


def test_nobody_inspects_what_somebody_is_at(make_uninspected, inspector, store, stores, query):
    for _ in range(10):  # ids of every kind: those above 2³¹ are negative keys of locks
        make_uninspected()
    for experiment_id in store.due():
        with stores().exclusive(experiment_id) as mine:
            assert mine and experiment_id not in store.due()
            assert inspector.inspect(experiment_id) == []
        assert experiment_id in store.due()
    assert query("SELECT count(*) FROM data_inspections WHERE started_at IS NOT NULL") == [(0,)]


class Sleeper:
    """A program that answers when it is too late."""

    COMMAND = ("/bin/sleep", "600")


@pytest.mark.parametrize(
    ("wanted", "becomes"),
    [("paused", Status.PAUSED), ("stopped", Status.STOPPED), ("deleted", None)],
)
def test_what_nobody_waits_for_any_more_is_not_inspected_on(
    make_uninspected, inspector, store, conductor, query, want, monkeypatch, wanted, becomes
):
    monkeypatch.setattr(program, "_COMMAND", Sleeper.COMMAND)
    sim_id = make_uninspected()
    [experiment_id] = store.due()
    inspecting = threading.Thread(target=inspector.inspect, args=(experiment_id,))
    inspecting.start()
    wait_for(
        lambda: query("SELECT 1 FROM data_inspections WHERE started_at IS NOT NULL"), "it to begin"
    )
    want(sim_id, wanted)
    conductor.advance(sim_id)
    inspecting.join(10)
    assert not inspecting.is_alive()
    assert query("SELECT status FROM simulations") == ([(becomes,)] if becomes else [])
    if becomes:
        monkeypatch.undo()
        want(sim_id, "running")
        conductor.advance(sim_id)
        inspector.inspect(experiment_id)
        conductor.advance(sim_id)
        assert query("SELECT status FROM simulations") == [("running",)]


# A program that does not do what it should


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -KILL $$", "it was killed, as when the machine has no memory left"),
        ("kill -SEGV $$", "it ended by signal 11"),
        ("echo 'no room for numpy' >&2; exit 3", "it ended with 3"),
        ("echo rubbish", "its answer makes no sense"),
        ("echo '[]'", "its answer makes no sense"),
        ("""echo '{"report": {"parts": 3}}'""", "its answer makes no sense"),
        ("exec yes", "its answer is too long"),
        ("true", "its answer makes no sense"),
    ],
)
def test_a_program_in_trouble_is_told_and_logged_with_its_last_words(
    make_uninspected, inspector, store, conductor, status, monkeypatch, caplog, script, reason
):
    monkeypatch.setattr(
        program, "_COMMAND", ("/bin/sh", "-c", f"echo its last words >&2; {script}")
    )
    sim_id = make_uninspected()
    inspector.inspect(store.due()[0])
    conductor.advance(sim_id)
    assert status(sim_id) == (
        "failed",
        f"the data could not be inspected: the platform has trouble with it ({reason})",
        0,
    )
    assert "its last words" in caplog.text


def test_a_sentence_that_no_database_keeps_is_told_all_the_same(
    make_uninspected, inspector, store, query, monkeypatch
):
    script = r"""printf '%s' '{"error": {"text": "a\u0000\ud800b"}}'; exit 65"""
    monkeypatch.setattr(program, "_COMMAND", ("/bin/sh", "-c", script))
    make_uninspected()
    inspector.inspect(store.due()[0])
    assert query("SELECT problem FROM data_inspections") == [("a\ufffd\ufffdb",)]


def test_a_program_that_takes_too_long_is_ended(
    make_uninspected, store, folder, query, monkeypatch
):
    monkeypatch.setattr(program, "_COMMAND", Sleeper.COMMAND)
    make_uninspected()
    quick = BOUNDS.__class__(array_mb=64, whole_mb=8, memory_mb=512, seconds=1)
    Inspector(store, folder, quick).inspect(store.due()[0])
    assert query("SELECT problem FROM data_inspections") == [
        ("the data could not be inspected in 1 s",)
    ]


def test_a_bug_is_told_once_and_not_tried_for_ever(
    make_uninspected, inspector, store, query, monkeypatch
):
    monkeypatch.setattr("nnt_deployer.data_inspection.inspector.request", None)
    make_uninspected()
    with pytest.raises(TypeError):
        inspector.inspect(store.due()[0])
    [(problem,)] = query("SELECT problem FROM data_inspections")
    assert problem.endswith("the platform has trouble with it (TypeError)") and store.due() == []


def test_the_program_knows_nothing_of_its_parent_and_leaves_nothing(
    make_uninspected, inspector, store, query, monkeypatch, folder
):
    monkeypatch.setenv("NNT_DATABASE_URL", "postgresql://secret")
    names = "$(env | cut -d= -f1 | sort | xargs)"
    script = (
        f'printf \'{{"report": {{"parts": {{}}, "leaks": [], "problems": ["%s"]}}}}\' "{names}"'
    )
    monkeypatch.setattr(program, "_COMMAND", ("/bin/sh", "-c", script))
    make_uninspected()
    before = sorted(folder.rglob("*"))
    inspector.inspect(store.due()[0])
    assert report(query)["problems"] == ["LANG OPENBLAS_NUM_THREADS PWD"]
    assert sorted(folder.rglob("*")) == before


def test_the_program_cannot_look_into_its_parent(make_uninspected, inspector, store, query):
    make_uninspected()
    inspector.inspect(store.due()[0])
    assert report(query)["parts"]
    is_dumpable = ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE)  # else /proc is open to its user
    assert not is_dumpable


# Bells


def test_the_loop_rings_for_inspections_and_goes_on_without_redis(
    settings, settings_without_redis, make_uninspected, store, database, caplog
):
    make_uninspected()
    celery = create_celery(settings)
    connection = psycopg2.connect(database)
    for _ in range(2):
        ring_for_data(store, FetchStore(connection), celery)
    assert waiting(celery, doorbell.DATA_QUEUE) == 1
    with caplog.at_level(logging.WARNING):
        ring_for_data(store, FetchStore(connection), create_celery(settings_without_redis))
    assert "datasets are fetched and inspected when it does" in caplog.text
    connection.close()
