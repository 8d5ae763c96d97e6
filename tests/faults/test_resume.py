"""Whatever a training is interrupted by, what it has stored in the end is as if it had been left in peace."""

import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from nnt_contract.environment import CHECKPOINT
from nnt_contract.status import Status, Wanted
from nnt_simulation.checkpoint import Checkpoints
from tests.conftest import wait_for
from tests.faults.networks import EPOCHS, NETWORKS, datasets
from tests.faults.product import Product
from tests.stored_rows import Stored

pytestmark = pytest.mark.timeout(300)

Trained = dict[str, uuid.UUID]  # by the name of the network

_SEED = 11
_BEFORE = 3  # epochs of a training before it is interrupted


@pytest.fixture(scope="module")
def launch(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Trained]:
    folder = tmp_path_factory.mktemp("datasets")
    files = {name: datasets(folder, name) for name in NETWORKS}

    def launch() -> Trained:
        return {
            name: product.launch_network(network, files[name], _SEED)
            for name, network in NETWORKS.items()
        }

    return launch


@pytest.fixture(scope="module")
def uninterrupted(
    product: Product, launch: Callable[[], Trained]
) -> dict[str, dict[str, Counter[str]]]:
    trained = launch()
    product.wait_until_finished(*trained.values())
    for sim_id in trained.values():
        assert attempts(product, sim_id) == dict.fromkeys(range(EPOCHS), 1)
    stored = {name: by_table(product.stored(sim_id)) for name, sim_id in trained.items()}
    for tables in stored.values():
        assert tables["epoch_values"].total() == EPOCHS
        # Nothing of what is compared is the same in every epoch.
        assert len(tables["weights"]) == tables["weights"].total() >= EPOCHS
    return stored


@pytest.fixture
def assert_goes_on(product, uninterrupted):
    """Starts what was interrupted, and compares what it stores with what an uninterrupted one did."""

    def start(trained: Trained, last: dict[str, int], goes_on_itself: tuple[str, ...] = ()) -> None:
        ended = {Status.STOPPED, Status.FAILED}
        for sim_id in trained.values():
            product.want(sim_id, Wanted.RUNNING)
        for sim_id in trained.values():
            wait_for(lambda: product.status(sim_id)[0] not in ended, "it to start")  # noqa: B023
        product.wait_until_finished(*trained.values())
        for name, sim_id in trained.items():
            if name in goes_on_itself:
                expected = dict.fromkeys(range(EPOCHS), 1)
            else:
                assert f"going on after epoch {last[name] + 1};" in product.log(sim_id)
                expected = {epoch: 1 if epoch <= last[name] else 2 for epoch in range(EPOCHS)}
            assert attempts(product, sim_id) == expected
            stored = by_table(product.stored(sim_id))
            assert stored.keys() == uninterrupted[name].keys()
            for table, rows in stored.items():
                assert rows == uninterrupted[name][table], (name, table)

    return start


def test_paused_and_resumed(product, launch, assert_goes_on):
    trained = launch()
    for sim_id in trained.values():
        wait_until_in_the_middle(product, sim_id)
        product.want(sim_id, Wanted.PAUSED)
    wait_until_all_are(product, trained, Status.PAUSED)
    last = last_epochs(product, trained)
    for sim_id in trained.values():
        assert product.training(sim_id).status() == psutil.STATUS_STOPPED
    # One of them loses its process meanwhile, and goes on from its checkpoint.
    product.kill_training(trained["words"])
    assert_goes_on(trained, last, goes_on_itself=("images",))


def test_stopped_and_started(product, launch, assert_goes_on):
    trained = launch()
    stop_in_the_middle(product, trained)
    assert_goes_on(trained, last_epochs(product, trained))


def test_killed_and_started(product, launch, assert_goes_on):
    trained = launch()
    for sim_id in trained.values():
        wait_until_in_the_middle(product, sim_id)
        product.kill_training(sim_id)
    wait_until_all_are(product, trained, Status.FAILED)
    for sim_id in trained.values():
        assert "SIGKILL" in product.status(sim_id)[1]
    assert_goes_on(trained, last_epochs(product, trained))


def test_damaged_on_disk_the_last_checkpoint_costs_the_epochs_since_the_one_before(
    product, launch, assert_goes_on
):
    trained = launch()
    stop_in_the_middle(product, trained)
    last = last_epochs(product, trained)
    damage_with = {"images": truncate, "words": flip_a_bit}
    for name, sim_id in trained.items():
        # The epoch that has to be trained again was reported, and is stored or on its way.
        wait_for(lambda: last[name] in attempts(product, sim_id), "its collection")  # noqa: B023
        parity = "odd" if last[name] % 2 else "even"
        damage_with[name](product.run_dir(sim_id) / CHECKPOINT / f"{parity}.checkpoint")
    before = last_epochs(product, trained)
    assert before == {name: epoch - 1 for name, epoch in last.items()}
    assert_goes_on(trained, before)
    for sim_id in trained.values():
        assert "is damaged" in product.log(sim_id)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def stop_in_the_middle(product: Product, trained: Trained) -> None:
    for sim_id in trained.values():
        wait_until_in_the_middle(product, sim_id)
        product.want(sim_id, Wanted.STOPPED)
    wait_until_all_are(product, trained, Status.STOPPED)


def wait_until_in_the_middle(product: Product, sim_id: uuid.UUID) -> None:
    wait_for(lambda: len(product.arrived(sim_id)) >= _BEFORE, "the first epochs", 60)
    assert product.status(sim_id) == (Status.RUNNING, "")


def wait_until_all_are(product: Product, trained: Trained, status: Status) -> None:
    wait_for(
        lambda: {product.status(sim_id)[0] for sim_id in trained.values()} == {status},
        f"all to be {status}",
        60,
    )


def last_epochs(product: Product, trained: Trained) -> dict[str, int]:
    """After which epochs they can go on: in the middle of their training, all in their first attempt."""
    found = {}
    for name, sim_id in trained.items():
        assert product.attempt(sim_id) == 1
        checkpoint = Checkpoints(product.run_dir(sim_id) / CHECKPOINT).newest()
        assert checkpoint is not None
        found[name] = checkpoint.header.epoch
    assert all(0 < epoch < EPOCHS - 1 for epoch in found.values()), found
    return found


def attempts(product: Product, sim_id: uuid.UUID) -> dict[int, int]:
    """epoch -> the attempt whose collection is stored."""
    return dict(
        product.query("SELECT epoch, attempt FROM collections WHERE sim_id = %s", (sim_id,))
    )


def by_table(rows: Counter[Stored]) -> dict[str, Counter[str]]:
    tables: dict[str, Counter[str]] = {}
    for row, count in rows.items():
        tables.setdefault(row.table, Counter())[f"{row.epoch} {row.digest}"] += count
    return tables
