import numpy as np
import pytest

from nnt_contract.catalogue import loss_function
from nnt_simulation.errors import DatasetError
from nnt_simulation.folds import classes_of, fold_of_each_row, rare_classes, split_hash


def sizes(folds: np.ndarray, count: int) -> list[int]:
    return [int(np.count_nonzero(folds == fold)) for fold in range(1, count + 1)]


@pytest.mark.parametrize("count", [2, 3, 5, 10, 100])
def test_every_row_has_one_fold_and_the_sizes_of_folds_differ_by_one_at_most(count):
    folds = fold_of_each_row(np.zeros(103, int), count, seed=1)
    assert (folds.min(), folds.max()) == (1, count)
    assert max(sizes(folds, count)) - min(sizes(folds, count)) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_every_class_is_spread_evenly_and_so_are_all(seed):
    random = np.random.default_rng(seed)
    classes = random.choice([-1, 0, 1, 7, 1000], size=97, p=[0.6, 0.2, 0.1, 0.07, 0.03])
    folds = fold_of_each_row(classes, 5, seed)
    for rows in (np.full(97, True), *(classes == one for one in np.unique(classes))):
        there = sizes(folds[rows], 5)
        assert max(there) - min(there) <= 1


def test_rows_are_shuffled_before_they_are_split():
    folds = fold_of_each_row(np.zeros(100, int), 4, seed=1)
    assert (np.diff(folds) != 0).sum() > 50 and folds[:8].tolist() != [1, 2, 3, 4] * 2
    assert folds.tolist() != fold_of_each_row(np.zeros(100, int), 4, seed=2).tolist()


def test_as_many_folds_as_rows_leave_one_out_and_more_are_refused():
    assert sorted(fold_of_each_row(np.array([3, 3, 3]), 3, seed=0)) == [1, 2, 3]
    with pytest.raises(DatasetError, match="4 folds need at least 4 rows, received 3"):
        fold_of_each_row(np.array([3, 3, 3]), 4, seed=0)


def test_another_process_splits_in_the_same_way():
    # Written down in another one: who goes on with an old training must find the same rows.
    expected = "0af4a0ec560afbe0ba47bcf24c6519cc31ea27676a39bbd742cca3d22243662e"
    assert split_hash(fold_of_each_row(np.arange(1000) % 7, 5, seed=42)) == expected


def test_the_hash_tells_splits_apart():
    classes = np.zeros(10, int)
    hashes = {split_hash(fold_of_each_row(classes, 2, seed)) for seed in (1, 1, 2, 3)}
    assert len(hashes) == 3
    assert split_hash(np.array([1, 2], np.int8)) == split_hash(np.array([1, 2], np.int64))


def test_classes_that_some_folds_must_do_without_are_found():
    classes = np.array([0] * 9 + [1] * 3 + [2])
    assert rare_classes(classes, 4) == {1: 3, 2: 1}
    assert rare_classes(classes, 2) == {2: 1} and not rare_classes(classes[:12], 3)


@pytest.mark.parametrize(
    ("loss", "labels", "classes"),
    [
        ("SparseCategoricalCrossentropy", [0, 2, 1], [0, 2, 1]),
        ("SparseCategoricalCrossentropy", [[0], [2.0], [1]], [0, 2, 1]),
        ("SparseCategoricalCrossentropy", [[0, 1], [1, 1]], None),  # of steps
        ("CategoricalCrossentropy", [[0, 1, 0], [0.8, 0.1, 0.1]], [1, 0]),
        ("BinaryCrossentropy", [[0.0], [1.0], [0.9]], [0, 1, 1]),
        ("BinaryCrossentropy", [[0, 1], [1, 1]], None),  # two questions
        ("Hinge", [-1, 1, -1], [-1, 1, -1]),
        ("MeanSquaredError", [0, 1, 2], None),
    ],
)
def test_a_class_is_read_from_the_label_where_the_loss_is_of_classes(loss, labels, classes):
    found = classes_of(np.array(labels), loss_function(loss))
    assert (None if found is None else found.tolist()) == classes


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 1, 1)])
def test_one_label_in_a_row_is_its_class_whatever_the_shape(shape):
    labels = np.array([0, 1, 1, 0]).reshape(shape)
    classes = classes_of(labels, loss_function("BinaryCrossentropy"))
    assert classes is not None and classes.tolist() == [0, 1, 1, 0]
