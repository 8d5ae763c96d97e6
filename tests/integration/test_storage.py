"""What deleting gives back."""

import numpy as np
import pytest

from nnt_contract.updates import Array, Collection
from nnt_deployer.store import Places, Store

ARRAY = Array(layer_index=0, layer_name="big", variable="kernel", shape=(500, 500))
COLLECTIONS = 6
TABLES = ("weights", "weight_statistics", "weight_envelope", "epoch_values", "collections")


@pytest.fixture
def ingest(parser, make_simulation):
    random = np.random.default_rng(0)

    def fill():
        sim_id = make_simulation(status="running", attempt=1)
        for epoch in range(COLLECTIONS):
            update = Collection(
                sim_id=sim_id, attempt=1, epoch=epoch, logs={"loss": 1.0}, arrays=(ARRAY,)
            )
            parser.post(update, random.random(ARRAY.values, dtype=np.float32).tobytes())
        parser.work()
        return sim_id

    return fill


@pytest.fixture
def bytes_on_disk(query):
    """Of all tables; those of a hypertable are in its chunks."""

    def measure():
        [(total,)] = query(
            "SELECT sum(pg_total_relation_size(oid)) FROM ("
            "  SELECT unnest(%s::regclass[]) AS oid"
            "  UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY(%s::regclass[])"
            ") relations",
            list(TABLES),
            list(TABLES),
        )
        return int(total)

    return measure


def test_deleting_and_collecting_again_does_not_grow_the_tables(ingest, bytes_on_disk, database):
    doomed = ingest()
    ingest()
    before = bytes_on_disk()
    with Store(database, Places(1, 1)) as store:
        assert store.delete(doomed) == COLLECTIONS * ARRAY.values * 4
        store.make_room()
    ingest()
    assert bytes_on_disk() <= 1.1 * before
