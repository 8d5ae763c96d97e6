"""Statistics and envelopes that the parser stores with each collection."""

import math

import numpy as np
import pytest

from nnt_contract.updates import INITIAL_EPOCH, Array, Collection
from nnt_parser.ingest import VALUES_PER_ROW
from nnt_parser.keeper import forget_ended

KERNEL = Array(layer_index=0, layer_name="first", variable="kernel", shape=(4, 3))
SMALL = np.arange(12, dtype=np.float32)


@pytest.fixture
def send(parser, sim_id):
    def post(epoch, values=SMALL, attempt=1, array=KERNEL):
        update = Collection(sim_id=sim_id, attempt=attempt, epoch=epoch, logs={}, arrays=(array,))
        assert parser.post(update, values.astype(np.float32).tobytes()).status_code == 202
        parser.work()

    return post


@pytest.fixture
def changes(query):
    return lambda: dict(query("SELECT epoch, change_l2 FROM weight_statistics ORDER BY epoch"))


def test_each_variable_of_each_collection_has_statistics_and_an_envelope(send, query):
    send(0)
    row = query(
        "SELECT layer_index, layer_name, variable, shape, mean, min, max, zeros, nans, infinities,"
        " duplicate_units, zero_units, array_length(histogram, 1) FROM weight_statistics"
    )
    assert row == [(0, "first", "kernel", [4, 3], 5.5, 0, 11, 1, 0, 0, 0, 0, 64)]
    envelope = query(
        "SELECT layer_index, variable, values_per_bucket, minima, maxima FROM weight_envelope"
    )
    assert envelope == [(0, "kernel", 1, SMALL.tolist(), SMALL.tolist())]


def test_a_row_of_nans_in_a_kernel_is_counted(send, query):
    values = SMALL.copy()
    values[3:6] = math.nan
    send(0, values)
    assert query("SELECT nans, infinities, min, max FROM weight_statistics") == [(3, 0, 0, 11)]


def test_the_change_is_that_since_the_previous_collection(send, changes):
    send(0)
    send(2, SMALL + 1)
    send(4, SMALL + 3)
    assert changes() == {0: None, 2: pytest.approx(math.sqrt(12)), 4: pytest.approx(math.sqrt(48))}


def test_the_change_is_filled_when_the_previous_collection_comes_late(send, changes):
    send(4, SMALL + 3)
    send(0)
    assert changes() == {0: None, 4: pytest.approx(math.sqrt(12 * 9))}
    send(2, SMALL + 1)
    assert changes() == {
        0: None,
        2: pytest.approx(math.sqrt(12)),
        4: pytest.approx(math.sqrt(48)),
    }


def test_the_change_is_known_after_the_latest_collection_was_lost_from_disk(
    send, changes, parser, sim_id
):
    array = KERNEL.model_copy(update={"shape": (VALUES_PER_ROW // 2 + 3, 2)})
    values = np.zeros(array.values, dtype=np.float32)
    send(0, values, array=array)
    parser.spool.forget_latest(sim_id)
    values[-1] = 3
    values[0] = 4
    send(1, values, array=array)
    assert changes()[1] == 5


def test_a_newer_attempt_replaces_statistics_and_both_changes(send, changes, query):
    for epoch, offset in ((0, 0), (1, 1), (2, 2)):
        send(epoch, SMALL + offset)
    send(1, SMALL + 2, attempt=2)
    assert changes() == {0: None, 1: pytest.approx(math.sqrt(48)), 2: 0}
    assert query("SELECT count(*) FROM weight_envelope") == [(3,)]


def test_the_initial_weights_have_statistics_and_no_other_row(send, query):
    send(INITIAL_EPOCH)
    send(INITIAL_EPOCH, SMALL + 1, attempt=2)
    send(0, SMALL + 1)
    assert query("SELECT epoch, mean, change_l2 FROM weight_statistics ORDER BY epoch") == [
        (INITIAL_EPOCH, 5.5, None),
        (0, 6.5, None),
    ]
    for table in ("collections", "epoch_values", "weights", "weight_envelope"):
        assert query(f"SELECT epoch FROM {table}") == [(0,)], table
    assert query("SELECT received FROM simulation_progress") == [(1,)]


def test_what_was_kept_for_comparison_goes_when_the_simulation_has_ended(
    send, parser, query, sim_id
):
    send(0)
    forget_ended(parser.spool, parser.store)
    assert parser.spool.latest_of() == [sim_id]
    query("UPDATE simulations SET status = 'finished'")
    forget_ended(parser.spool, parser.store)
    assert parser.spool.latest_of() == []
