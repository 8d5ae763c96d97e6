import logging
import tracemalloc

import numpy as np
import pytest

from nnt_contract.part import Part
from nnt_contract.simulation_config import Fold, KerasChoice
from nnt_simulation.datasets import Dataset
from nnt_simulation.errors import DatasetError
from nnt_simulation.rows import Rows, all_of
from nnt_simulation.split import split
from tests.simulation.builders import make_run

COUNT = 4


@pytest.fixture
def folded(tmp_path):
    """The split of some data for one fold; other keywords change the configuration."""

    def make(data, index=1, count=COUNT, **changes):
        run = make_run(tmp_path, fold=Fold(index=index, count=count), **changes)
        return split(run, data)

    return make


def dataset(first: int, rows: int, classes: int = 3) -> Dataset:
    """Rows that tell their number, so that a row is known wherever it went."""
    numbers = np.arange(first, first + rows)
    return Dataset(numbers[:, None].astype(np.float32), numbers % classes)


DATA: dict[Part, Dataset] = {
    "train": dataset(0, 30),
    "validation": dataset(30, 11),
    "test": dataset(100, 5),
}


def numbers_of(rows: Rows) -> list[int]:
    features, labels = rows.take(np.arange(len(rows)))
    assert (features[:, 0] % 3 == labels).all(), "a label went with another row"
    return [int(number) for number in features[:, 0]]


def test_every_row_of_both_parts_validates_in_one_fold_and_trains_in_the_others(folded):
    validated = []
    for index in range(1, COUNT + 1):
        made = folded(DATA, index)
        train, validation = numbers_of(made.train), numbers_of(made.validation)
        assert sorted(train + validation) == list(range(41)), "the test data is in no fold"
        validated += validation
    assert sorted(validated) == list(range(41))


def test_the_folds_of_a_split_have_one_hash_and_another_seed_another(folded, tmp_path):
    hashes = {folded(DATA, index).sha256 for index in range(1, COUNT + 1)}
    assert len(hashes) == 1
    run = make_run(tmp_path, fold=Fold(index=1, count=COUNT)).model_copy(update={"seed": 8})
    assert split(run, DATA).sha256 not in hashes


def test_the_split_is_printed_with_its_hash(folded, caplog):
    caplog.set_level(logging.INFO)
    made = folded(DATA, index=2)
    assert (
        f"fold 2 of 4: {len(made.train)} rows train, {len(made.validation)} validate" in caplog.text
    )
    assert made.sha256 in caplog.text


def test_classes_are_spread_evenly_over_the_folds_but_not_the_labels_of_a_regression(folded):
    data = {"train": dataset(0, 24), "validation": dataset(24, 12)}
    counts = np.bincount(folded(data).validation.take(np.arange(9)).labels, minlength=3)
    assert counts.tolist() == [3, 3, 3]
    mse = KerasChoice(name="mse")
    spread = set()
    for index in range(1, COUNT + 1):
        labels = folded(data, index, loss_function=mse).validation.take(np.arange(9)).labels
        spread.add(tuple(np.bincount(labels, minlength=3)))
    assert spread != {(3, 3, 3)}


def test_without_validation_data_the_training_data_is_split_alone(folded):
    made = folded({"train": DATA["train"], "test": DATA["test"]})
    assert sorted(numbers_of(made.train) + numbers_of(made.validation)) == list(range(30))


def test_without_folds_the_parts_stay_as_they_are(tmp_path):
    made = split(make_run(tmp_path), DATA)
    assert numbers_of(made.train) == list(range(30)) and made.sha256 is None
    assert made.validation is not None and numbers_of(made.validation) == list(range(30, 41))
    assert split(make_run(tmp_path), {"train": DATA["train"]}).validation is None


def test_a_class_with_fewer_rows_than_folds_is_said_and_does_no_harm(folded, caplog):
    rare = Dataset(np.zeros((1, 1), np.float32), np.array([7]))
    made = folded({"train": dataset(0, 30), "validation": rare})
    assert "not every fold validates class 7 (1 row)" in caplog.text
    assert len(made.train) + len(made.validation) == 31


@pytest.mark.parametrize(
    ("features", "labels", "said"),
    [
        ((5, 2), (5,), "features of one shape, received (1,) in the training data and (2,) in"),
        ((5, 1), (5, 2), "labels of one shape, received () in the training data and (2,) in"),
    ],
)
def test_parts_of_different_shapes_cannot_be_pooled(folded, features, labels, said):
    other = Dataset(np.zeros(features, np.float32), np.zeros(labels, np.int64))
    with pytest.raises(DatasetError) as caught:
        folded({"train": dataset(0, 30), "validation": other})
    assert said in str(caught.value)


@pytest.mark.parametrize("validation", [dataset(30, 11), dataset(300, 11)])
def test_numbers_of_different_types_are_pooled_in_one_that_holds_them(folded, validation):
    numbers = np.arange(30)[:, None]
    whole = Dataset(numbers.astype(np.uint8), (numbers[:, 0] % 3).astype(np.float32))
    made = folded({"train": whole, "validation": validation})
    taken = [*numbers_of(made.train), *numbers_of(made.validation)]
    first = int(validation.features[0, 0])
    assert sorted(taken) == [*range(30), *range(first, first + 11)]


def test_that_whole_numbers_and_fractions_are_pooled_is_said(folded, caplog):
    whole = Dataset(np.arange(30)[:, None], np.arange(30) % 3)
    folded({"train": whole, "validation": dataset(30, 11)})
    told = "features: whole numbers in the training data and fractions in the validation data"
    assert f"pooled {told}" in caplog.text
    caplog.clear()
    wide = Dataset(np.array([[300]], np.uint16), np.array([0], np.uint8))
    folded({"train": whole, "validation": wide})
    assert "pooled" not in caplog.text


def test_a_last_axis_of_size_one_may_be_there_or_missing(folded):
    train, validation = DATA["train"], DATA["validation"]
    column = Dataset(validation.features[:, 0], validation.labels[:, None])
    made = folded({"train": train, "validation": column})
    features, labels = made.train.take(np.arange(len(made.train)))
    assert features.ndim == labels.ndim == 1
    assert (features % 3 == labels).all()


def test_more_folds_than_rows_are_refused(folded):
    with pytest.raises(DatasetError, match="42 folds need at least 42 rows, received 41"):
        folded(DATA, count=42)


def test_a_fold_takes_no_copy_of_the_data(folded):
    big = Dataset(np.zeros((2_000, 5_000), np.float32), np.zeros(2_000, np.int64))
    tracemalloc.start()
    made = folded({"train": big, "validation": big})
    batch = made.train.take(np.arange(32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch.features.shape == (32, 5_000)
    assert peak < big.features.nbytes / 10


def test_rows_stand_one_after_the_other_through_their_datasets():
    first, second, third = dataset(0, 3), dataset(3, 1), dataset(4, 4)
    rows = Rows([first, second, third], np.array([7, 0, 3, 3, 4]))
    assert numbers_of(rows) == [7, 0, 3, 3, 4]
    assert numbers_of(Rows([first, second], np.array([], np.int64))) == []
    assert numbers_of(all_of(third)) == [4, 5, 6, 7]
