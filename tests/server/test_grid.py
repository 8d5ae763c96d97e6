import pytest

from nnt_contract.simulation_config import KerasChoice, NpzKeys
from nnt_server.simulations.grid import Grid

KEYS = NpzKeys(features="x", labels="y")
SHARED = {"total_epochs": 3, "train": KEYS, "validation": KEYS, "test": KEYS}


def grid(optimizers: int = 1, losses: int = 1, rates: int = 1, folds: int = 0) -> Grid:
    return Grid(
        [KerasChoice(name=f"o{number}") for number in range(optimizers)],
        [KerasChoice(name=f"l{number}") for number in range(losses)],
        [0.1 * (number + 1) for number in range(rates)],
        folds,
    )


def names(*sizes: int) -> list[str]:
    return [cell.name for cell in grid(*sizes).cells("a", SHARED)]


def test_what_there_is_one_of_is_not_in_the_name():
    assert names() == ["a"]
    assert names(1, 1, 1, 1) == ["a"], "one fold is none"
    assert names(2) == ["a (O1)", "a (O2)"]
    assert names(1, 2) == ["a (LF1)", "a (LF2)"]
    assert names(1, 1, 2) == ["a (LR1)", "a (LR2)"]
    assert names(1, 1, 1, 2) == ["a (1)", "a (2)"]


def test_every_combination_is_there_once_the_folds_of_each_together():
    assert names(2, 1, 2, 2) == [
        *("a (O1) (LR1) (1)", "a (O1) (LR1) (2)", "a (O1) (LR2) (1)", "a (O1) (LR2) (2)"),
        *("a (O2) (LR1) (1)", "a (O2) (LR1) (2)", "a (O2) (LR2) (1)", "a (O2) (LR2) (2)"),
    ]
    assert names(2, 2, 1)[1] == "a (O1) (LF2)"
    assert len(set(names(2, 3, 4, 4))) == 96


def test_each_has_the_configuration_that_its_name_tells():
    for cell in grid(2, 3, 2, 4).cells("a", SHARED):
        had = cell.configuration
        assert had.total_epochs == 3 and had.fold is not None and had.fold.count == 4
        optimizer, loss = int(had.optimizer.name[1:]) + 1, int(had.loss_function.name[1:]) + 1
        rate = round(had.learning_rate * 10)
        assert cell.name == f"a (O{optimizer}) (LF{loss}) (LR{rate}) ({had.fold.index})"
    assert grid(folds=1).cells("a", SHARED)[0].configuration.fold is None


def test_as_many_as_are_allowed_are_no_complaint():
    assert not list(grid(2, 5, 2, 5).complaints("a", 100))


@pytest.mark.parametrize(
    ("sizes", "about", "received"),
    [
        ((11, 1, 1, 0), "optimizers", "11: 11 optimizers"),
        ((2, 3, 2, 0), "loss_functions", "12: 2 optimizers × 3 loss functions × 2 learning rates"),
        ((1, 1, 6, 2), "learning_rates", "12: 6 learning rates × 2 folds"),
        ((1, 1, 2, 10**6), "folds", "2000000: 2 learning rates × 1000000 folds"),
    ],
)
def test_too_many_are_counted_by_what_makes_them(sizes, about, received):
    [complaint] = grid(*sizes).complaints("a", 10)
    assert (complaint.about, complaint.received) == (about, received)
    assert complaint.expected == "at most 10 simulations in one experiment"


def test_a_name_leaves_room_for_the_longest_of_its_endings():
    several = grid(10, 1, 1, 10)
    fits = "x" * (200 - len(" (O10) (10)"))
    assert not list(several.complaints(fits, 100))
    assert max(len(cell.name) for cell in several.cells(fits, SHARED)) == 200
    [complaint] = several.complaints(fits + "x", 100)
    assert complaint.about == "name" and "at most 189 characters" in complaint.expected
    assert not list(grid().complaints("x" * 300, 100)), "it is as it was typed"
