"""Both sides of a comparison train, and say when their first epoch ended."""

import time
from pathlib import Path

import pytest

from bench.experiment import experiment
from bench.product import running_product
from bench.script import Script
from bench.services import data_folder

pytestmark = [pytest.mark.timeout(180)]


def test_a_product_creates_finishes_and_deletes_what_a_script_trains_too():
    trained = experiment(epochs=1)
    with data_folder() as scripts, data_folder() as folder:
        began = time.time()
        script = Script(scripts, trained)
        script.run_without_sklearn()
        assert began < script.first_epoch_ended < time.time()
        with running_product(folder, {}) as product:
            began = time.time()
            sim_id = product.create(trained)
            finished = product.finished(sim_id, deadline_s=120).timestamp()
            assert began < product.first_checkpoint(sim_id) < finished < time.time()
            product.delete(sim_id)
            assert processes(folder) == []


def processes(folder: Path) -> list[Path]:
    return list((folder / "processes").iterdir())
