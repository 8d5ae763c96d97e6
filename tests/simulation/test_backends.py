"""One training, two backends: whatever computes it, a simulation keeps the same promises, and imports no other.

A process has one backend, chosen before Keras is imported: what needs another one than this process is a process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest
from keras import layers
from keras.initializers import Constant

from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED, MODEL
from nnt_contract.simulation_config import BackendName, KerasChoice
from nnt_simulation import backends
from nnt_simulation.errors import BackendError
from tests.conftest import ROOT, require
from tests.simulation.builders import CLASSES, data, json_of, make_run, model_json
from tests.simulation.fake_parser import FakeParser, Received

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
# What is promised of a training, whatever computes it.
PROMISES = (
    "adapted_metric attempt batches checkpoint choices class_labels evaluation every_choice keras_2 keras_objects"
    " metrics models program records recurrent_states resume resume_state stop_requests training_state"
    " vocabulary weights"
)
# Slow, and of what is told below, or of signals, which are heard whatever computes.
LEFT_OUT = "not plain_keras and not requests_that_are_repeated"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def torch_is_installed() -> None:
    if find_spec("torch") is None:
        require("torch", "PyTorch is not installed")


@pytest.mark.timeout(400)
def test_what_is_promised_of_a_training_is_kept_with_torch():
    modules = [ROOT / "tests" / "simulation" / f"test_{name}.py" for name in PROMISES.split()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", LEFT_OUT, *modules],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:]


def other_than(backend: str) -> str:
    [other] = set(BACKENDS) - {backend}
    return other


@pytest.fixture
def hidden(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The environment of a process in which a module is not installed."""

    def hide(module: str) -> dict[str, str]:
        text = f"import sys\nsys.modules[{module!r}] = None\n"
        (tmp_path / "sitecustomize.py").write_text(text)
        return {"PYTHONPATH": str(tmp_path)}

    return hide


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_missing_backend_is_said_at_once_before_any_data_is_read(
    tmp_path, parser, start, hidden, backend
):
    make_run(tmp_path / "run", backend=backend)
    (tmp_path / "run" / "data.npz").unlink()
    out, err = (process := start(tmp_path / "run", **hidden(backend))).communicate(timeout=60)
    assert (process.returncode, parser.story) == (EXIT_FAILED, ["send_error"])
    told = f"The backend {backend} is not installed where simulations run. Choose {other_than(backend)}, or"
    assert parser.errors[0].startswith(told)
    assert told in out
    assert "Traceback" not in out + err


def test_what_keras_cannot_train_with_torch_is_said(tmp_path, parser, start):
    stateful = keras.Sequential(
        [keras.Input(batch_shape=(10, 6, 1)), layers.LSTM(4, stateful=True), layers.Dense(CLASSES)]
    )
    rows = {name: values[..., None] if name == "x" else values for name, values in data().items()}
    make_run(tmp_path, backend="torch", model=json_of(stateful), data=rows, batch_size=10)
    start(tmp_path).communicate(timeout=60)
    assert parser.errors[0].startswith("Keras cannot train LSTM 'lstm")


def test_no_other_backend_is_chosen_once_keras_is_imported():
    with pytest.raises(RuntimeError, match="imported already"):
        backends.choose(other_than(keras.backend.backend()))  # type: ignore[arg-type]


def test_where_there_is_no_backend_at_all_none_is_recommended(monkeypatch):
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"run\. Have torch installed"):
        backends.choose("torch")


TRAINS = """
import runpy, sys
try:
    runpy.run_module("nnt_simulation", run_name="__main__")
finally:
    print("imported:", *sorted({"tensorflow", "torch"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_other_backend_is_never_imported(tmp_path, start, backend):
    network = model_json(layers.Rescaling(0.5), layers.Dropout(0.5), layers.Dense(CLASSES))
    make_run(tmp_path, backend=backend, model=network, parts=("train", "validation", "test"))
    out, err = (process := start(tmp_path, program=TRAINS)).communicate(timeout=60)
    assert process.returncode == EXIT_FINISHED, out + err
    assert out.splitlines()[-1] == f"imported: {backend}"


def without_chance() -> dict[str, Any]:
    """Of layers whose weights are made in every way there is, all of which are the same at the beginning."""
    fixed: dict[str, Any] = {"kernel_initializer": Constant(0.1)}
    recurrent: dict[str, Any] = {**fixed, "recurrent_initializer": Constant(-0.1)}
    start = keras.Input((6,))
    words = layers.Embedding(10, 4, embeddings_initializer=Constant(0.3))(start)
    attended = layers.MultiHeadAttention(2, 3, **fixed)(words, words)
    there = layers.LayerNormalization()(layers.Add()([words, attended]))
    there = layers.SeparableConv1D(
        4, 2, depthwise_initializer=Constant(0.2), pointwise_initializer=Constant(0.1)
    )(there)
    there = layers.Bidirectional(layers.LSTM(3, return_sequences=True, **recurrent))(there)
    there = layers.GRU(3, **recurrent)(there)
    there = layers.Concatenate()([there, layers.Dense(3, "tanh", **fixed)(start)])
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5, **fixed), layers.PReLU()])
    there = layers.BatchNormalization()(inner(there))
    ends = layers.Dense(CLASSES, **fixed)(layers.Dropout(0.0)(there))
    return json_of(keras.Model(start, ends))


@pytest.fixture
def with_each(
    tmp_path: Path, parser: FakeParser, start: Start
) -> Callable[..., dict[str, list[Received]]]:
    """Trains the same with each backend, in folders named after them; returns what each had collected."""

    def train(**changes: Any) -> dict[str, list[Received]]:
        collected: dict[str, list[Received]] = {}
        for backend in BACKENDS:
            make_run(tmp_path / backend, backend=backend, **changes)
            out, err = (process := start(tmp_path / backend)).communicate(timeout=60)
            assert process.returncode == EXIT_FINISHED, out + err
            collected[backend] = parser.collections
            parser.accepted.clear()
        return collected

    return train


def test_the_same_simulation_collects_the_same_with_each(with_each):
    numbers = data()
    numbers["x"] = np.digitize(numbers["x"], np.linspace(-2, 2, 9)).astype(np.float64)
    collected = with_each(
        model=without_chance(),
        data=numbers,
        # No other: by the size of a gradient Adam divides even what is but a rounding error.
        optimizer=KerasChoice(name="sgd", conf={"momentum": 0.9}),
        extra_metrics=[
            KerasChoice(name="AUC"),
            KerasChoice(name="F1Score", conf={"average": "macro"}),
        ],
        parts=("train", "validation"),
    )
    for ours, theirs in zip(*collected.values(), strict=True):
        assert ours.update.arrays == theirs.update.arrays
        assert ours.update.optimizer_steps == theirs.update.optimizer_steps
        assert ours.update.learning_rate == theirs.update.learning_rate
        assert ours.update.logs == pytest.approx(theirs.update.logs, rel=1e-3)
        for place, values in ours.arrays.items():
            np.testing.assert_allclose(values, theirs.arrays[place], rtol=1e-2, atol=1e-4)


LOADS = """
import json, sys, keras, numpy as np
network, data, trained_with = sys.argv[1:]
model = keras.saving.load_model(network)
rows = np.load(data)
print(json.dumps(model.predict(rows["x"], verbose=0).tolist()))
model.fit(rows["x"], rows["y"], verbose=0)
assert trained_with not in sys.modules
"""


def test_a_trained_network_is_used_and_trained_further_with_the_other_backend(tmp_path, with_each):
    for backend, collections in with_each(optimizer=KerasChoice(name="adam")).items():
        folder, other = tmp_path / backend, other_than(backend)
        done = subprocess.run(
            [sys.executable, "-c", LOADS, folder / MODEL, folder / "data.npz", backend],
            env={**os.environ, "KERAS_BACKEND": other},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        last = collections[-1].arrays
        expected = data()["x"] @ last[0, "kernel"] + last[0, "bias"]
        np.testing.assert_allclose(json.loads(done.stdout.splitlines()[0]), expected, atol=1e-5)
