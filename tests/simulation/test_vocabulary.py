"""What an embedding looks up is one of the things it has, and else that is said before the training."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from nnt_contract.environment import EXIT_FAILED
from nnt_datasets import disk
from nnt_simulation import vocabulary
from nnt_simulation.errors import DatasetError
from tests.simulation.builders import CLASSES, data, make_run, model_json, run_attempt

WORDS, STEPS = 10, 6


def embedding(words: int = WORDS) -> layers.Layer:
    return layers.Embedding(words, 4, name="tokens")


def sequential(*inner: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((STEPS,)), *inner, layers.Flatten(), layers.Dense(2)])


def functional(inner: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    start = keras.Input((STEPS,))
    return keras.Model(start, layers.Dense(2)(inner(start)))


def nested() -> keras.Model:
    return sequential(keras.Sequential([keras.Input((STEPS,)), embedding()]))


def beside_another() -> keras.Model:
    return functional(
        lambda start: layers.Concatenate()([embedding()(start), layers.Embedding(50, 4)(start)])
    )


def used_twice() -> keras.Model:
    shared = embedding()
    return functional(
        lambda start: layers.Add()([shared(layers.Rescaling(0.1)(start)), shared(start)])
    )


FED_BY_THE_INPUT: dict[str, Callable[[], keras.Model]] = {
    "sequential": lambda: sequential(embedding()),
    "functional": lambda: functional(embedding()),
    "reshaped": lambda: sequential(layers.Reshape((2, 3)), layers.Flatten(), embedding()),
    "nested": nested,
    "the smaller of two": beside_another,
    "twice": used_twice,
}
FED_BY_OTHERS: dict[str, Callable[[], keras.Model]] = {
    "rescaled": lambda: sequential(layers.Rescaling(0.1), embedding()),
    "a nested one that rescales": lambda: sequential(
        keras.Sequential([keras.Input((STEPS,)), layers.Rescaling(0.1)]), embedding()
    ),
    "no embedding": lambda: sequential(layers.Dense(3)),
}


def tokens(**changed: float) -> np.ndarray:
    features = np.random.default_rng(1).integers(0, WORDS, (20, STEPS)).astype(np.float64)
    for row, value in changed.items():
        features[int(row.removeprefix("row")) - 1, 1] = value
    return features


@pytest.mark.parametrize("model", FED_BY_THE_INPUT)
@pytest.mark.parametrize(
    ("value", "received"),
    [(12, "12"), (10, "10"), (-1, "-1"), (0.5, "0.5"), (np.nan, "nan"), (1e9, "1000000000")],
)
def test_what_an_embedding_does_not_have_is_said_with_its_row(model, value, received):
    with pytest.raises(DatasetError) as refused:
        vocabulary.check(FED_BY_THE_INPUT[model](), "Training data", tokens(row3=value, row9=77))
    assert str(refused.value) == (
        "Training data: row 3: the model's Embedding 'tokens' takes whole numbers from 0 to 9,"
        f" received {received}."
    )


@pytest.mark.parametrize("model", FED_BY_THE_INPUT)
@pytest.mark.parametrize("kind", ["float32", "int64", "uint8", ">i4"])
def test_what_it_has_is_taken(model, kind):
    features = tokens(row1=0, row2=WORDS - 1).astype(kind)
    vocabulary.check(FED_BY_THE_INPUT[model](), "Training data", features)


@pytest.mark.parametrize("model", FED_BY_OTHERS)
def test_where_something_else_is_between_nothing_is_expected(model):
    vocabulary.check(FED_BY_OTHERS[model](), "Training data", tokens(row3=77.5))


def test_rows_are_counted_through_all_blocks(monkeypatch):
    monkeypatch.setattr(disk, "VALUES_AT_ONCE", 4 * STEPS)
    with pytest.raises(DatasetError, match=r"row 19: .* received 77\.$"):
        vocabulary.check(sequential(embedding()), "Test data", tokens(row19=77))


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_it_is_said_of_every_part_before_anything_is_trained(tmp_path, parser, part):
    model = model_json(embedding(), layers.Flatten(), layers.Dense(CLASSES))
    run = make_run(tmp_path, model=model, data={**data(20), "x": tokens()}, parts=("train", part))
    np.savez(tmp_path / "other.npz", x=tokens(row3=12), y=data(20)["y"])
    other = run.model_copy(update={"datasets": {**run.datasets, part: str(tmp_path / "other.npz")}})
    (tmp_path / "run.json").write_text(other.model_dump_json())
    assert run_attempt(tmp_path, parser.url) == EXIT_FAILED
    assert parser.story == ["send_error"]
    assert "data: row 3: the model's Embedding 'tokens' takes whole" in parser.errors[0]
