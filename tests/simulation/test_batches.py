import keras
import numpy as np
import pytest

from nnt_simulation.batches import Batches, order
from nnt_simulation.callbacks.order_data import OrderData
from nnt_simulation.datasets import Dataset
from nnt_simulation.rows import Rows, all_of

ROWS, BATCH = 10, 4


class Recording(keras.Model):  # type: ignore[misc]
    """Remembers which rows it was trained on."""

    def train_step(self, data):
        self.seen.append([int(row) for row in data[0][:, 0]])
        return super().train_step(data)


def trained_on(first_epoch: int, epochs: int) -> list[list[int]]:
    inputs = keras.Input((1,))
    model = Recording(inputs, keras.layers.Dense(1)(inputs))
    model.seen = []
    model.compile("sgd", "mse", run_eagerly=True)
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    batches = Batches(all_of(Dataset(rows, rows)), BATCH, seed=3)
    model.fit(
        batches,
        initial_epoch=first_epoch,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[OrderData(batches)],
    )
    return [list(rows) for rows in model.seen]


@pytest.mark.parametrize("first_epoch", [0, 2])
def test_each_epoch_is_trained_in_the_order_that_belongs_to_it(first_epoch):
    expected = []
    for epoch in range(first_epoch, 5):
        rows = order(3, epoch, ROWS).tolist()
        expected += [rows[:4], rows[4:8], rows[8:]]
    assert trained_on(first_epoch, 5) == expected


def test_every_epoch_has_every_row_in_an_order_of_its_own():
    orders = [tuple(order(3, epoch, ROWS)) for epoch in range(20)]
    assert len(set(orders)) == 20
    assert all(sorted(rows) == list(range(ROWS)) for rows in orders)


def test_another_seed_is_another_order():
    assert order(1, 0, 50).tolist() != order(2, 0, 50).tolist()


@pytest.mark.parametrize("type_", ["uint64", ">f4", ">i8", "uint16", "bool", "float16"])
def test_rows_of_every_type_are_computed_with_and_keep_their_values(type_):
    rows = np.arange(2 * ROWS).reshape(ROWS, 2).astype(type_)
    batches = Batches(all_of(Dataset(rows, rows[:, 0])), BATCH)
    inputs = keras.Input((2,))
    ones = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Model(inputs, ones(inputs))
    model.compile("sgd", "mse")
    predicted = model.predict(batches, verbose=0)
    np.testing.assert_allclose(predicted[:, 0], rows.sum(axis=1, dtype=np.float64))
    model.fit(batches, verbose=0)


def test_without_a_seed_the_rows_come_as_they_stand_in_every_epoch():
    numbers = np.arange(ROWS)
    batches = Batches(Rows([Dataset(numbers, numbers)], numbers[::2]), BATCH)
    for epoch in range(2):
        batches.begin_epoch(epoch)
        assert [batches[at][0].tolist() for at in range(len(batches))] == [[0, 2, 4, 6], [8]]
