"""Labels are compared with the model and the loss before a launch, by what both inspections have found."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from nnt_contract import suitability
from nnt_deployer.data_inspection.inspector import Inspector
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.model_inspector import Progress
from tests.conftest import wait_for
from tests.datasets.builders import npz
from tests.integration.fetches import folder
from tests.integration.inspected_data import BOUNDS, make_uninspected, status
from tests.integration.inspected_models import ask, real_inspector, store, stores

__all__ = ["ask", "folder", "make_uninspected", "real_inspector", "status", "store", "stores"]

Make = Callable[..., uuid.UUID]


def two_classes(batch: int | None = None) -> dict[str, Any]:
    """Keras JSON of a model of four features."""
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [batch, 4]}},
        {"class_name": "Dense", "config": {"units": 2}},
    ]
    return {
        "class_name": "Sequential",
        "keras_version": "3.15.1",
        "config": {
            "name": "two",
            "layers": [{"module": "keras.layers"} | layer for layer in layers],
        },
    }


def labelled(labels: np.ndarray) -> bytes:
    return npz(x=np.random.default_rng(1).normal(size=(len(labels), 4)), y=labels)


@pytest.fixture
def make_inspected(
    make_uninspected, make_store, ask, real_inspector, folder, query
) -> Callable[..., uuid.UUID]:
    """A simulation whose model and data both passed their own inspection, by the real programs."""

    def make(
        parts: Mapping[str, bytes], model: dict[str, Any] | None = None, **changes: object
    ) -> uuid.UUID:
        model = model or two_classes()
        sim_id: uuid.UUID = make_uninspected(dict(parts), model=json.dumps(model))
        inspection_id = ask(model)
        [(experiment_id,)] = query(
            "UPDATE experiments SET model_inspection_id = %s"
            " WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s) RETURNING id",
            inspection_id,
            sim_id,
        )
        query(
            "UPDATE simulations SET configuration = configuration || %s WHERE id = %s",
            json.dumps(changes),
            sim_id,
        )
        Inspector(make_store(DataInspectionStore), folder, BOUNDS).inspect(experiment_id)
        wait_for(
            lambda: real_inspector.advance(inspection_id) is Progress.ENDED,
            "the model's inspection",
        )
        return sim_id

    return make


def test_labels_that_suit_are_trained_on(make_inspected, conductor, status):
    sim_id = make_inspected({})
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "", 1)


@pytest.mark.parametrize(
    ("labels", "changes", "reason"),
    [
        (
            np.arange(20) % 3,
            {},
            "Validation data: the largest label is 2 and the model has 2 outputs,"
            " expected labels from 0 to 1.",
        ),
        (
            np.linspace(0, 1, 20),
            {},
            "Validation data: SparseCategoricalCrossentropy expects whole numbers as labels.",
        ),
        (
            np.eye(2)[np.arange(20) % 2],
            {},
            "Validation data: with this model SparseCategoricalCrossentropy expects for each row one"
            " number as label, received labels of the shape (2,). Labels with one value per class need"
            " CategoricalCrossentropy.",
        ),
        (
            np.arange(20) % 2,
            {"loss_function": {"name": "MeanSquaredError"}},
            "Training data: with this model MeanSquaredError expects for each row labels of the shape"
            " (2,), received one number as label.",
        ),
    ],
)
def test_labels_that_do_not_suit_fail_it_before_it_has_a_process(
    make_inspected, conductor, launcher, status, labels, changes, reason
):
    sim_id = make_inspected({"validation": labelled(labels)}, **changes)
    conductor.advance(sim_id)
    assert status(sim_id) == ("failed", reason, 0)
    assert launcher.specs == []


def test_what_is_wrong_is_said_of_the_file_as_its_owner_calls_it(
    make_inspected, conductor, status, query
):
    sim_id = make_inspected({"test": labelled(np.arange(20) % 3)})
    query(
        "UPDATE experiments SET file_names = %s"
        " WHERE id = (SELECT experiment_id FROM simulations WHERE id = %s)",
        json.dumps({"test": "cats.npz"}),
        sim_id,
    )
    conductor.advance(sim_id)
    assert status(sim_id)[1].startswith("Test data (cats.npz): the largest label is 2")


def test_of_an_experiment_those_go_on_whose_loss_suits(
    make_inspected, conductor, status, query, make_simulation
):
    wrong = make_inspected({}, loss_function={"name": "MeanSquaredError"})
    right = make_simulation()
    query(
        "UPDATE simulations SET experiment_id = (SELECT experiment_id FROM simulations WHERE id = %s)"
        " WHERE id = %s",
        wrong,
        right,
    )
    conductor.advance(wrong)
    conductor.advance(right)
    assert status(wrong)[0::2] == ("failed", 0)
    assert status(right)[0::2] == ("running", 1)


def test_a_model_that_takes_batches_of_one_size_waits_for_no_process_either(
    make_inspected, conductor, status
):
    sim_id = make_inspected({}, two_classes(batch=8), batch_size=8)
    conductor.advance(sim_id)
    assert status(sim_id) == (
        "failed",
        "Training data: expected a multiple of 8 rows, as the model takes no smaller batch,"
        " received 20.",
        0,
    )


def test_a_mistake_in_the_comparison_holds_up_nobody(
    make_inspected, conductor, status, monkeypatch, caplog
):
    def fail(*_: object) -> str:
        raise IndexError

    monkeypatch.setattr(suitability, "problem", fail)
    sim_id = make_inspected({})
    conductor.advance(sim_id)
    assert status(sim_id) == ("running", "", 1)
    assert "whether its data suit its model cannot be told" in caplog.text
