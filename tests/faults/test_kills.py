"""Whatever is killed while two simulations train, what they stored in the end is as if nothing had happened."""

import pytest

from tests.conftest import wait_for
from tests.faults.conftest import SEEDS
from tests.faults.product import Product

pytestmark = pytest.mark.timeout(300)

_TIMES = 3


def kill_parser(product: Product) -> None:
    product.kill("parser")


def kill_parser_worker(product: Product) -> None:
    product.kill("parser-worker")


def lose_redis(product: Product) -> None:
    product.lose_redis()


def do_without_redis_for_a_while(product: Product) -> None:
    with product.without("redis"):
        before = product.count_of_collections()
        wait_for(
            lambda: product.count_of_collections() > before + 2, "what is stored without it", 60
        )


def kill_postgres(product: Product) -> None:
    product.kill("postgres")


def kill_a_backend(product: Product) -> None:
    product.kill_a_backend()


@pytest.mark.parametrize(
    "faults",
    [
        [kill_parser] * _TIMES,
        [kill_parser_worker] * _TIMES,
        [lose_redis, lose_redis, do_without_redis_for_a_while],
        [kill_postgres, kill_a_backend, kill_postgres],
    ],
    ids=["parser", "parser worker", "Redis with all it knew", "PostgreSQL"],
)
def test_two_trainings_are_stored_to_the_last_bit_whatever_is_killed_meanwhile(
    product, undisturbed, faults
):
    trained = {seed: product.launch(seed) for seed in SEEDS}
    for fault in faults:
        before = product.count_of_collections()
        # In the middle of the work: something has arrived since the last fault, and something is about to be stored.
        wait_for(
            lambda: product.count_of_collections() > before and product.spool(),  # noqa: B023
            "the next collections",
            60,
        )
        # "finishing": the training was faster than the deliveries that were disturbed.
        assert {product.status(sim_id)[0] for sim_id in trained.values()} <= {
            "running",
            "finishing",
        }
        fault(product)
    product.wait_until_finished(*trained.values())
    for seed, sim_id in trained.items():
        rows = product.stored(sim_id)
        missing, surplus = undisturbed[seed] - rows, rows - undisturbed[seed]
        assert (dict(missing), dict(surplus)) == ({}, {})
        assert product.outbox(sim_id) == []
    wait_for(lambda: not product.spool("**/*.frame"), "the spool to be empty")
