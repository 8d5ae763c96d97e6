"""The program that inspects a model: its answers, its exit codes, and what holds it back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from nnt_contract.model_report import Answer, ModelProblem, ModelReport, parse_answer
from tests.conftest import FIXTURES
from tests.simulation.builders import model_json

REPORTS_OWN = json.loads((FIXTURES / "appendix_d_model.json").read_text())


def run(
    folder: Path, model: object, *options: str, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """In an environment that says nothing else."""
    path = folder / "model.json"
    if isinstance(model, bytes):
        path.write_bytes(model)
    else:
        path.write_text(model if isinstance(model, str) else json.dumps(model))
    return subprocess.run(
        [sys.executable, "-m", "nnt_simulation", "inspect", str(path), *options],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"} | (environment or {}),
        cwd=folder,
        timeout=120,
        check=False,
    )


def answer(
    folder: Path,
    model: object,
    *options: str,
    code: int = 0,
    environment: dict[str, str] | None = None,
) -> Answer:
    ended = run(folder, model, *options, environment=environment)
    assert (ended.returncode, ended.stdout.count("\n")) == (code, 1), ended.stderr
    return parse_answer(ended.stdout.encode())


def problem(
    folder: Path, model: object, *options: str, environment: dict[str, str] | None = None
) -> str:
    return answer(folder, model, *options, code=65, environment=environment).problem


def test_it_answers_with_one_line_of_json(tmp_path):
    told = answer(tmp_path, REPORTS_OWN)
    assert isinstance(told, ModelReport)
    assert (told.parameters, told.backend, told.keras) == (
        101_770,
        "tensorflow",
        keras.__version__,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def test_it_writes_the_same_into_a_file_which_is_there_when_it_is_whole(tmp_path):
    ended = run(tmp_path, REPORTS_OWN, "--to", str(tmp_path / "answer.json"))
    assert (ended.returncode, ended.stdout) == (0, "")
    told = parse_answer((tmp_path / "answer.json").read_bytes())
    assert isinstance(told, ModelReport) and len(told.layers) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "answer.json"}


def test_what_cannot_be_built_is_told_in_words(tmp_path):
    model = model_json(layers.Dense(3, name="out"))
    model["config"]["layers"][1]["config"]["units"] = -3
    assert problem(tmp_path, model).startswith("The model cannot be built in Dense 'out':")


def test_what_keras_has_not_to_see_is_refused_as_in_a_training(tmp_path):
    code = {"class_name": "Lambda", "config": {"name": "l", "function": ["aGk=", None, None]}}
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [code]}}
    assert "another layer than Lambda" in problem(tmp_path, model)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "JSON was expected; it is not: Expecting value: line 1 column 1"),
        ("{", "JSON was expected; it is not: Expecting property name"),
        ("[" * 100_000, "recursion"),
        ('"model"', "expected a Sequential or Functional model"),
        (b"\xff\xfe\x00", "JSON was expected; received bytes that are not text."),
    ],
)
def test_what_is_no_model_is_told(tmp_path, content, told):
    assert told in problem(tmp_path, content)


@pytest.mark.parametrize(
    ("name", "told"), [("saved.keras", "a zip archive"), ("saved.h5", "an HDF5 file")]
)
def test_a_whole_model_is_told_from_its_json(tmp_path, name, told):
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(tmp_path / name)
    said = problem(tmp_path, (tmp_path / name).read_bytes())
    assert said.startswith("A model's JSON was expected") and told in said


def test_what_takes_more_than_all_memory_is_told_with_its_layers(tmp_path):
    model = model_json(layers.Dense(3), inputs=(4,))
    model["config"]["layers"][1]["config"]["units"] = 10**12
    for one in (model, *model["config"]["layers"]):
        one.pop("build_config", None)
    told = answer(tmp_path, model, code=65)
    assert isinstance(told, ModelReport)
    assert told.parameters == 5 * 10**12 and "GiB" in told.problem


def test_too_much_memory_is_told(tmp_path):
    """As of a layer whose weights cannot but be made."""
    stateful = layers.LSTM(3, stateful=True)
    made = keras.Sequential([keras.Input((6, 4), batch_size=2), stateful, layers.Dense(1)])
    model = json.loads(made.to_json())
    model["config"]["layers"][1]["config"]["units"] = 20_000
    for one in (model, *model["config"]["layers"]):
        one.pop("build_config", None)
    assert problem(tmp_path, model, "--memory-mb", "1500") == (
        "The model cannot be built within 1500 MiB of memory, which its inspection may take."
    )


def test_too_much_time_is_told(tmp_path):
    many: list[Any] = [layers.Dense(8) for _ in range(3)]
    model = model_json(*many, inputs=(8,))
    entry, first, *_ = model["config"]["layers"]
    copies = [first | {"config": first["config"] | {"name": f"d{n}"}} for n in range(990)]
    model["config"]["layers"] = [entry, *copies]
    told = answer(tmp_path, model, "--cpu-s", "4", code=65)
    assert told == ModelProblem(problem="The model cannot be built within 4 s of processor time.")


def test_a_backend_that_is_not_installed_is_told(tmp_path):
    """As where an import finds nothing of that name."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'tensorflow' else find(name, *more)\n"
    )
    told = problem(tmp_path, REPORTS_OWN, environment={"PYTHONPATH": str(tmp_path)})
    assert told.startswith("The backend tensorflow is not installed where simulations run.")


def test_a_misused_program_says_how_it_is_used(tmp_path):
    ended = run(tmp_path, "{}", "--backend", "abacus")
    assert ended.returncode == 2 and "usage: python -m nnt_simulation inspect" in ended.stderr
