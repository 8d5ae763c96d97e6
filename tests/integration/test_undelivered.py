"""What an ended simulation left in its outbox reaches the database."""

import httpx
import pytest

from nnt_contract.environment import OUTBOX, outbox_name
from nnt_contract.tokens import RunToken
from nnt_contract.updates import Array, Collection, Finish, frame_head
from nnt_deployer.undelivered import Undelivered
from tests.integration.conftest import SECRET

BIAS = Array(layer_index=0, layer_name="d", variable="bias", shape=(2,))


@pytest.fixture
def undelivered(tmp_path):
    return Undelivered(tmp_path / "undelivered", tmp_path / "runs")


@pytest.fixture
def leave(sim_id, tmp_path):
    """Puts an update into the outbox as the simulation does."""
    folder = tmp_path / "runs" / str(sim_id) / OUTBOX
    folder.mkdir(parents=True)

    def put(sequence, update, payload=b""):
        (folder / outbox_name(sequence, update.kind)).write_bytes(frame_head(update) + payload)
        return folder

    return put


def collection(sim_id, epoch, attempt=1):
    return Collection(
        sim_id=sim_id, attempt=attempt, epoch=epoch, logs={"loss": 1.0}, arrays=(BIAS,)
    )


def test_everything_is_delivered_once_also_what_an_earlier_attempt_left(
    undelivered, leave, sim_id, parser, query
):
    leave(0, collection(sim_id, 0, attempt=1), bytes(8))
    leave(1, collection(sim_id, 1, attempt=2), bytes(8))
    folder = leave(2, Finish(sim_id=sim_id, attempt=2))
    undelivered.mark(sim_id)
    assert undelivered.marked() == [sim_id]
    undelivered.deliver(RunToken(sim_id, 2), SECRET, parser.client)
    assert list(folder.iterdir()) == [] and undelivered.is_empty(sim_id)
    parser.work()
    assert query("SELECT epoch, attempt FROM collections ORDER BY 1") == [(0, 1), (1, 2)]
    assert query("SELECT attempt, error FROM run_ends") == [(2, None)]


def test_a_parser_that_is_away_loses_nothing(undelivered, leave, sim_id):
    leave(0, collection(sim_id, 0), bytes(8))
    with httpx.Client(base_url="http://127.0.0.1:1") as client, pytest.raises(httpx.RequestError):
        undelivered.deliver(RunToken(sim_id, 1), SECRET, client)
    assert not undelivered.is_empty(sim_id)


def test_what_the_parser_refuses_is_kept_aside_and_does_not_block_the_rest(
    undelivered, leave, sim_id, parser, query
):
    leave(0, collection(sim_id, 0), b"short")
    folder = leave(1, collection(sim_id, 1), bytes(8))
    undelivered.deliver(RunToken(sim_id, 1), SECRET, parser.client)
    assert [path.name for path in folder.iterdir()] == ["0000000000.update.refused"]
    parser.work()
    assert query("SELECT epoch FROM collections") == [(1,)]


def test_an_empty_outbox_is_not_marked(undelivered, sim_id):
    undelivered.mark(sim_id)
    assert undelivered.marked() == []
