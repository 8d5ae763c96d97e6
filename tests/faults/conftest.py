"""The product, started as a user starts it, and what its simulations store when nothing disturbs them."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.product import EPOCHS, Product
from tests.platform import Platform, environment_of
from tests.stored_rows import Stored

SEEDS = (7, 8)
_PARAMETERS = 101_770  # of the report's model (Appendix D)


@pytest.fixture(scope="session")
def product(digits: dict[str, Path]) -> Iterator[Product]:
    # Not pytest's own folder: PostgreSQL's user must be able to pass through.
    data_dir = Path(tempfile.mkdtemp(prefix="nnt-faults-"))
    quick = {"NNT_TICK_S": "0.5", "NNT_SWEEP_S": "1", "NNT_MAX_RUNNING": "2", "NNT_WATCHDOG_S": "4"}
    platform = Platform(data_dir, environment_of(data_dir) | quick)
    platform.start()
    started = Product(platform, digits)
    try:
        yield started
    finally:
        started.close()
        platform.stop()
        shutil.rmtree(data_dir)


@pytest.fixture(scope="session")
def undisturbed(product: Product) -> dict[int, Counter[Stored]]:
    """seed -> every row of a simulation that nothing happened to."""
    trained = {seed: product.launch(seed) for seed in SEEDS}
    product.wait_until_finished(*trained.values())
    assert product.arrived(*trained.values()) == [*range(EPOCHS), *range(EPOCHS)]
    for sim_id in trained.values():
        [(values,)] = product.query(
            "SELECT sum(cardinality(weight)) FROM weights WHERE sim_id = %s", (sim_id,)
        )
        [(received,)] = product.query(
            "SELECT received FROM simulation_progress WHERE sim_id = %s", (sim_id,)
        )
        assert (values, received) == (EPOCHS * _PARAMETERS, EPOCHS)
    rows = {seed: product.stored(sim_id) for seed, sim_id in trained.items()}
    one, other = rows.values()
    assert one != other  # else the comparison would see nothing
    return rows
