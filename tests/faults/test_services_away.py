"""While a service is away nothing is lost: what it was doing, what waits for it, and what is killed meanwhile."""

import socket
from collections import Counter

import pytest

from nnt_contract.updates import FRAME_TYPE, Array, Collection, Finish, frame_head, payload_bytes
from tests.conftest import wait_for
from tests.faults.conftest import SEEDS
from tests.faults.product import EPOCHS, epochs_in
from tests.stored_rows import Stored

pytestmark = pytest.mark.timeout(300)

_SEED = SEEDS[0]
_AT_ONCE_S = 3
# They tell how far a simulation came; all other tables hold rows of one epoch each.
_TABLES_OF_THE_WHOLE = {"simulation_progress", "run_ends"}


def test_what_a_killed_simulation_had_not_delivered_arrives_once_when_the_parser_is_back(
    product, undisturbed
):
    sim_id = product.launch(_SEED)
    wait_for(lambda: len(product.arrived(sim_id)) >= 2, "the first collections", 60)
    with product.without("parser"):
        wait_for(lambda: len(product.outbox(sim_id)) >= 4, "collections in the outbox")
        product.kill_training(sim_id)
        left = list(epochs_in(product.outbox(sim_id)))
        wait_for(lambda: product.status(sim_id)[0] == "failed", "the simulation to be failed")
        assert "killed (SIGKILL)" in product.status(sim_id)[1]
        # The oldest may have been taken by a parser that was stopped before it could say so.
        assert not set(left[1:]) & set(product.arrived(sim_id))

    wait_for(lambda: set(left) <= set(product.arrived(sim_id)), "what was in the outbox", 60)
    wait_for(lambda: not product.outbox(sim_id), "the outbox to be empty")
    wait_for(lambda: not product.spool("**/*.frame"), "the spool to be empty")
    received = left[-1] + 1
    assert product.arrived(sim_id) == [*range(received)]
    assert product.query(
        "SELECT received, epoch FROM simulation_progress WHERE sim_id = %s", (sim_id,)
    ) == [(received, received - 1)]
    assert below(received, product.stored(sim_id)) == below(received, undisturbed[_SEED])
    assert product.status(sim_id)[0] == "failed"


def below(end: int, rows: Counter[Stored]) -> Counter[Stored]:
    """The rows of earlier epochs than that."""
    return Counter(
        row
        for row in rows.elements()
        if row.table not in _TABLES_OF_THE_WHOLE and row.epoch is not None and row.epoch < end
    )


def test_a_training_with_a_full_outbox_waits_for_the_parser_and_goes_on_when_it_is_back(
    product, undisturbed
):
    sim_id = product.launch_with({"NNT_OUTBOX_MAX_FILES": "3"}, _SEED)
    wait_for(lambda: product.arrived(sim_id), "the first collection", 60)
    with product.without("parser"):
        wait_for(lambda: "waiting for parser" in product.log(sim_id), "the training to wait")
        wait_for(lambda: "waiting for parser" in product.status(sim_id)[1], "its owner to be told")
        assert product.status(sim_id)[0] == "running"
        assert len(product.outbox(sim_id)) == 3
        assert len(product.arrived(sim_id)) < EPOCHS

    product.wait_until_finished(sim_id)
    assert product.stored(sim_id) == undisturbed[_SEED]
    waiting = product.log(sim_id).partition("waiting for parser")[2].partition("going on")[0]
    assert waiting.count("epoch ") <= 1  # one is trained while the one before is being written


def test_a_killed_parser_leaves_nothing_of_what_it_was_receiving(product):
    sim_id = product.launch(_SEED, status="failed", attempt=1)
    unfinished = f"*{sim_id.hex}*.tmp"
    kernel = Array(layer_index=0, layer_name="dense", variable="kernel", shape=(2**20,))
    update = Collection(sim_id=sim_id, attempt=1, epoch=0, logs={}, arrays=(kernel,))
    head = frame_head(update)
    request = (
        "POST /update HTTP/1.1\r\nHost: parser\r\n"
        f"Authorization: Bearer {product.run_token(sim_id)}\r\n"
        f"Content-Type: {FRAME_TYPE}\r\nContent-Length: {len(head) + payload_bytes(update)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", product.parser_port)) as connection:
        connection.sendall(request.encode() + head + bytes(2**20))
        wait_for(lambda: product.spool(unfinished), "the parser to receive")
        product.kill("parser")
    product.pid("parser")
    wait_for(lambda: not product.spool(unfinished), "what it was receiving to be removed")


def test_a_worker_that_stops_consuming_is_started_again(product):
    before = product.pid("parser-worker")
    product.stop_consuming("parser")
    sim_id = product.launch(_SEED, status="failed", attempt=1)
    product.post(Finish(sim_id=sim_id, attempt=1))
    wait_for(
        lambda: product.query("SELECT sim_id FROM run_ends WHERE sim_id = %s", (sim_id,)),
        "the update to be stored",
        60,
    )
    assert product.pid("parser-worker") != before


def test_nobody_waits_at_the_parsers_door_for_a_redis_that_is_away(product):
    sim_id = product.launch(_SEED, status="failed", attempt=1)
    with product.without("redis"):
        for _ in range(2):  # the first finds a connection that has just ended, the second none
            product.post(Finish(sim_id=sim_id, attempt=1), _AT_ONCE_S)
        wait_for(
            lambda: product.query("SELECT sim_id FROM run_ends WHERE sim_id = %s", (sim_id,)),
            "the update to be stored without Redis",
        )
