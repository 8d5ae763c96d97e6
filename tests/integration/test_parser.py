"""From the body of a request to rows: what the parser takes in, and what it refuses."""

import json
import math
from uuid import UUID, uuid4

import numpy as np
import pytest

from nnt_contract.tokens import RunToken
from nnt_contract.updates import Array, Collection, Failure, Finish, frame_head
from nnt_parser.ingest import VALUES_PER_ROW

KERNEL = np.arange(12, dtype=np.float32).reshape(3, 4)
BIAS = np.array([1.5, math.nan, math.inf, -math.inf], dtype=np.float32)
ARRAYS = (
    Array(layer_index=0, layer_name="first", variable="kernel", shape=(3, 4)),
    Array(layer_index=0, layer_name="first", variable="bias", shape=(4,)),
)
PAYLOAD = KERNEL.tobytes() + BIAS.tobytes()


def collection(
    sim_id: UUID, epoch: int = 0, attempt: int = 1, logs: dict[str, float] | None = None
) -> Collection:
    return Collection(
        sim_id=sim_id,
        attempt=attempt,
        epoch=epoch,
        logs=logs or {"loss": 0.5, "accuracy": 0.25},
        arrays=ARRAYS,
    )


def test_a_collection_becomes_rows_of_every_table(parser, sim_id, query):
    logs = {"loss": 0.5, "accuracy": 0.25, "val_loss": math.nan, "kl": 1.0, "val_kl": math.inf}
    assert parser.post(collection(sim_id, 4, logs=logs), PAYLOAD).status_code == 202
    parser.work()
    assert query("SELECT epoch, attempt, bytes FROM collections WHERE sim_id = %s", sim_id) == [
        (4, 1, 64)
    ]
    [(loss, accuracy, val_loss, val_accuracy)] = query(
        "SELECT loss, accuracy, val_loss, val_accuracy FROM epoch_values WHERE sim_id = %s", sim_id
    )
    assert (loss, accuracy, val_accuracy) == (0.5, 0.25, None) and math.isnan(val_loss)
    extra = query("SELECT metric, value FROM extra_metrics WHERE sim_id = %s ORDER BY 1", sim_id)
    assert extra == [("kl", 1.0), ("val_kl", math.inf)]
    rows = query(
        "SELECT layer_index, layer_name, variable, shape, first_index, weight FROM weights ORDER BY variable DESC"
    )
    assert rows[0] == (0, "first", "kernel", [3, 4], 1, KERNEL.ravel().tolist())
    assert rows[1][:5] == (0, "first", "bias", [4], 1)
    np.testing.assert_array_equal(rows[1][5], BIAS)
    assert query("SELECT received, epoch, loss FROM simulation_progress") == [(1, 4, 0.5)]
    assert parser.files() == []


def test_a_repeated_collection_changes_nothing(parser, sim_id, query):
    for loss in (0.5, 0.75):
        parser.post(collection(sim_id, logs={"loss": loss}), PAYLOAD)
        parser.work()
    assert query("SELECT loss FROM epoch_values") == [(0.5,)]
    assert query("SELECT count(*) FROM weights") == [(2,)]
    assert query("SELECT received FROM simulation_progress") == [(1,)]


def test_a_newer_attempt_replaces_the_whole_collection_and_an_older_one_does_not(
    parser, sim_id, query
):
    for attempt, metrics in (
        (2, {"loss": 0.5, "old": 1.0}),
        (3, {"loss": 0.25}),
        (1, {"loss": 0.125}),
    ):
        parser.post(collection(sim_id, attempt=attempt, logs=metrics), PAYLOAD)
        parser.work()
    assert query("SELECT loss FROM epoch_values") == [(0.25,)]
    assert query("SELECT attempt FROM collections") == [(3,)]
    assert query("SELECT count(*) FROM extra_metrics") == [(0,)]
    assert query("SELECT count(*) FROM weights") == [(2,)]
    assert query("SELECT received FROM simulation_progress") == [(1,)]


def test_collections_may_arrive_in_any_order(parser, sim_id, query):
    for epoch in (2, 0, 1):
        parser.post(collection(sim_id, epoch, logs={"loss": float(epoch)}), PAYLOAD)
    parser.work()
    assert query("SELECT epoch, loss FROM epoch_values(%s)", sim_id) == [
        (0, 0.0),
        (1, 1.0),
        (2, 2.0),
    ]
    assert query("SELECT received, epoch FROM simulation_progress") == [(3, 2)]


def test_large_variables_are_stored_in_parts_that_join_without_a_gap(parser, sim_id, query):
    values = np.random.default_rng(0).random(VALUES_PER_ROW + 5, dtype=np.float32)
    array = Array(layer_index=1, layer_name="big", variable="kernel", shape=(len(values),))
    update = Collection(sim_id=sim_id, attempt=1, epoch=0, logs={}, arrays=(array,))
    assert parser.post(update, values.tobytes()).status_code == 202
    parser.work()
    parts = query("SELECT first_index, weight FROM weights ORDER BY first_index")
    assert [(first, len(weight)) for first, weight in parts] == [
        (1, VALUES_PER_ROW),
        (VALUES_PER_ROW + 1, 5),
    ]
    np.testing.assert_array_equal(
        np.concatenate([weight for _, weight in parts], dtype=np.float32), values
    )


@pytest.mark.parametrize(
    ("update", "error"), [(Finish, None), (Failure, "the training data has no labels")]
)
def test_how_a_simulation_ended_is_kept(parser, sim_id, query, update, error):
    extra = {"error": error} if error else {}
    assert parser.post(update(sim_id=sim_id, attempt=1, **extra)).status_code == 202
    parser.work()
    assert query("SELECT attempt, error FROM run_ends") == [(1, error)]


def test_what_arrives_after_the_simulation_was_deleted_is_dropped(parser, sim_id, query):
    parser.post(collection(sim_id), PAYLOAD)
    query("SELECT delete_simulation(%s)", sim_id)
    parser.work()
    assert parser.files() == []
    assert query("SELECT count(*) FROM weights") == [(0,)]
    assert parser.post(collection(sim_id), PAYLOAD).status_code == 410


@pytest.mark.parametrize(
    "change", ["truncated", "too long", "no magic", "bad header", "too large", "a NUL"]
)
def test_a_broken_body_is_refused_and_leaves_nothing(parser, sim_id, change):
    update = collection(sim_id)
    body = frame_head(update) + PAYLOAD
    if change == "truncated":
        body = body[:-1]
    elif change == "too long":
        body += b"!"
    elif change == "no magic":
        body = b"JUNK" + body[4:]
    elif change == "bad header":
        body = body.replace(b'"epoch":0', b'"epoch":-')
    elif change == "a NUL":  # which could be taken, and never stored
        body = frame_head(update.model_copy(update={"logs": {"lo\0ss": 1.0}})) + PAYLOAD
    else:
        huge = Array(layer_index=0, layer_name="x", variable="kernel", shape=(2**22,))
        body = frame_head(update.model_copy(update={"arrays": (huge,)}))
    headers = parser.headers(RunToken(sim_id, 1)) | {"Content-Type": "application/vnd.nnt.frame"}
    answer = parser.client.post("/update", content=body, headers=headers)
    assert answer.status_code == (413 if change == "too large" else 400)
    assert set(answer.json()) == {"error", "message", "fields"}
    assert parser.files() == []


def test_an_update_for_another_simulation_or_a_later_attempt_is_refused(parser, sim_id):
    for update, token in (
        (collection(sim_id, attempt=2), RunToken(sim_id, 1)),
        (collection(uuid4()), RunToken(sim_id, 1)),
    ):
        answer = parser.post(update, PAYLOAD, token)
        assert (answer.status_code, answer.json()["error"]) == (403, "foreign")
    assert parser.files() == []


def test_a_later_attempt_may_deliver_what_an_earlier_one_left_behind(parser, sim_id, query):
    assert parser.post(collection(sim_id), PAYLOAD, RunToken(sim_id, 3)).status_code == 202
    parser.work()
    assert query("SELECT attempt FROM collections") == [(1,)]


@pytest.mark.parametrize("authorization", [None, "Bearer", "Basic abc", "Bearer nnt1.abc.1.forged"])
def test_only_a_run_token_issued_here_opens_the_door(parser, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    answer = parser.client.post("/update", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


def test_the_reports_json_encoding_stores_the_same_rows(parser, sim_id, query):
    model = {
        "class_name": "Sequential",
        "config": {
            "layers": [
                {"class_name": "InputLayer", "config": {"name": "in"}},
                {"class_name": "Flatten", "config": {"name": "flatten"}},
                {"class_name": "Dense", "config": {"name": "dense"}},
            ]
        },
    }
    body = {
        "id": str(sim_id.int),
        "epoch": 1,
        "model": json.dumps(model),
        "weights": [[], [KERNEL.tolist(), [1.5, "NaN", "Infinity", "-Infinity"]]],
        "logs": {"loss": 0.5, "val_loss": "NaN"},
    }
    answer = parser.client.post("/update", json=body, headers=parser.headers(RunToken(sim_id, 1)))
    assert answer.status_code == 202, answer.text
    parser.work()
    rows = query(
        "SELECT layer_index, layer_name, variable, shape FROM weights ORDER BY variable DESC"
    )
    assert rows == [(1, "dense", "kernel", [3, 4]), (1, "dense", "bias", [4])]
    [(loss, val_loss)] = query("SELECT loss, val_loss FROM epoch_values")
    assert loss == 0.5 and math.isnan(val_loss)


def test_the_reports_finish_carries_the_last_collection(parser, sim_id, query):
    model = json.dumps({"config": {"layers": [{"class_name": "Dense", "config": {"name": "d"}}]}})
    body = {
        "sim_id": str(sim_id),
        "epoch": 2,
        "model": model,
        "weights": [[[[1.0]], [0.0]]],
        "logs": {"loss": 1.0},
    }
    answer = parser.client.post("/finish", json=body, headers=parser.headers(RunToken(sim_id, 1)))
    assert answer.status_code == 202, answer.text
    parser.work()
    assert query("SELECT epoch FROM collections") == [(2,)]
    assert query("SELECT error FROM run_ends") == [(None,)]


def test_every_wrong_field_of_a_json_body_is_named_at_once(parser, sim_id):
    body = {"id": str(sim_id), "epoch": -1, "model": 3, "weights": [], "lgos": {}}
    answer = parser.client.post("/update", json=body, headers=parser.headers(RunToken(sim_id, 1)))
    assert answer.status_code == 400
    assert {field["field"] for field in answer.json()["fields"]} == {
        "epoch",
        "model",
        "logs",
        "lgos",
    }


def test_ragged_weights_are_refused_by_their_place(parser, sim_id):
    model = json.dumps({"config": {"layers": [{"class_name": "Dense", "config": {"name": "d"}}]}})
    body = {
        "id": str(sim_id),
        "epoch": 0,
        "model": model,
        "weights": [[[[1.0], [1.0, 2.0]]]],
        "logs": {},
    }
    answer = parser.client.post("/update", json=body, headers=parser.headers(RunToken(sim_id, 1)))
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == "weights.0.0"
