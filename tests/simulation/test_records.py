"""What is recorded of a training while it goes on: what it ran on, and what every epoch took."""

import os
import platform
from importlib.metadata import version

import keras
import pytest

from nnt_contract.environment import EXIT_FINISHED
from nnt_contract.simulation_config import KerasChoice
from nnt_contract.updates import INITIAL_EPOCH
from nnt_simulation import choices
from nnt_simulation.callbacks import record_epochs
from nnt_simulation.callbacks.print_progress import PrintProgress
from tests.simulation.builders import make_run, run_attempt
from tests.simulation.fake_parser import records_of


def test_what_it_runs_on_is_told_with_the_first_update(tmp_path, parser):
    make_run(tmp_path, parts=("train", "validation"))
    assert run_attempt(tmp_path, parser.url, commit="12dd739") == EXIT_FINISHED
    first = parser.collections[0].update
    assert first.epoch == INITIAL_EPOCH
    [environment] = first.records
    assert environment == records_of(parser, "environment")[0]
    assert (environment.epoch, environment.seed, environment.threads) == (0, 7, 1)
    assert environment.python == platform.python_version()
    assert environment.backend == keras.backend.backend()
    assert environment.packages["keras"] == keras.__version__
    assert environment.packages[environment.backend] == version(environment.backend)
    assert environment.packages["nnt-simulation"] == version("nnt-simulation")
    assert environment.platform_commit == "12dd739"
    assert environment.host == platform.node()
    assert environment.cpus == os.cpu_count() and environment.cpu
    assert environment.memory_bytes > 2**28
    assert environment.datasets == {"train": "data.npz", "validation": "data.npz"}


def test_a_platform_that_says_no_commit_has_none(tmp_path, parser):
    make_run(tmp_path, total_epochs=1)
    run_attempt(tmp_path, parser.url)
    assert records_of(parser, "environment")[0].platform_commit is None


def test_every_epoch_is_recorded_and_comes_with_the_next_collection(tmp_path, parser):
    make_run(tmp_path, total_epochs=6, epoch_period=3)
    run_attempt(tmp_path, parser.url)
    told = {
        received.what: [record.epoch for record in received.update.records]
        for received in parser.collections[1:]
    }
    assert told == {0: [0], 3: [1, 2, 3], 5: [4, 5]}
    assert all(0 < record.duration_s < 60 for record in records_of(parser, "epoch"))


def test_the_learning_rate_is_the_one_in_force(tmp_path, parser, monkeypatch):
    def scheduled(choice, learning_rate):
        halved = keras.optimizers.schedules.ExponentialDecay(learning_rate, 4, 0.5, staircase=True)
        return keras.optimizers.SGD(halved)

    monkeypatch.setattr(choices, "optimizer", scheduled)
    make_run(tmp_path, learning_rate=0.8)
    run_attempt(tmp_path, parser.url)
    rates = [record.learning_rate for record in records_of(parser, "epoch")]
    assert rates == pytest.approx([0.4, 0.2, 0.1])  # four batches are an epoch


def test_a_rate_that_a_callback_changed_is_recorded(tmp_path, parser, monkeypatch):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.5 / (epoch + 1)

    monkeypatch.setattr(PrintProgress, "on_epoch_end", on_epoch_end)
    make_run(tmp_path, optimizer=KerasChoice(name="sgd"))
    run_attempt(tmp_path, parser.url)
    rates = [record.learning_rate for record in records_of(parser, "epoch")]
    assert rates == pytest.approx([0.5, 0.25, 0.5 / 3])


def test_of_very_many_epochs_between_two_collections_the_last_are_kept(
    tmp_path, parser, monkeypatch
):
    monkeypatch.setattr(record_epochs, "_MAX_EPOCHS", 3)
    make_run(tmp_path, total_epochs=8, epoch_period=7)
    run_attempt(tmp_path, parser.url)
    assert [record.epoch for record in records_of(parser, "epoch")] == [0, 5, 6, 7]
