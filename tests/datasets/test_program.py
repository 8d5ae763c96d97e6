"""The program that inspects uploads: its answers, its exit codes, and what holds it back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.builders import MIB, npz, written

SIZE = 96 * MIB
ENOUGH_MIB = 160  # Python and NumPy alone take a hundred
CSV = "a,b,label\n1,2,0\n3,4,1\n"


def asked(folder: Path, content: str | bytes, **changes: Any) -> dict[str, Any]:
    path = written(folder, content)
    file = {"path": str(path), "name": "cats.csv", "features": "x", "labels": "y"}
    usual = {
        "files": {"train": file},
        "label_column": "label",
        "row_shape": None,
        "array_mb": 512,
        "whole_mb": 16,
        "folder": str(folder),
        "memory_mb": 1024,
        "cpu_s": 60,
    }
    return usual | changes


def run(folder: Path, request: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    path = written(folder, json.dumps(request), "request.json")
    program = [sys.executable, "-m", "nnt_datasets", "inspect", str(path)]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


def test_it_answers_with_one_line_of_json(tmp_path):
    ended = run(tmp_path, asked(tmp_path, CSV))
    assert (ended.returncode, ended.stderr, ended.stdout.count("\n")) == (0, "", 1)
    report = json.loads(ended.stdout)["report"]
    assert report["parts"]["train"]["rows"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"data", "request.json"}


def test_what_is_wrong_is_told_as_json(tmp_path):
    ended = run(tmp_path, asked(tmp_path, "a,label\ncat,0\n"))
    assert (ended.returncode, ended.stderr) == (65, "")
    error = json.loads(ended.stdout)["error"]
    assert (error["part"], error["file"], error["line"], error["column"]) == (
        "train",
        "cats.csv",
        2,
        "a",
    )
    assert error["text"] == (
        "Training data (cats.csv), line 2, column 'a': expected a number, received 'cat'."
    )


def test_rows_that_the_model_cannot_take_are_told(tmp_path):
    ended = run(tmp_path, asked(tmp_path, CSV, row_shape=[28, 28]))
    assert json.loads(ended.stdout)["error"]["expected"] == (
        "rows of the shape (28, 28), which the model takes"
    )


def test_too_much_memory_is_told(tmp_path):
    """As a JSON file of many small lists, which take much more than they are long."""
    content = '{"a": [' + ",".join(["[1]"] * 2_000_000) + '], "label": [0]}'
    ended = run(tmp_path, asked(tmp_path, content, memory_mb=ENOUGH_MIB))
    assert ended.returncode == 65, ended.stderr
    assert json.loads(ended.stdout)["error"]["text"] == (
        "Expected data that can be inspected with 160 MiB of memory, received data that need more."
    )


def test_too_much_time_is_told(tmp_path):
    rows = "'x\\'s',1\n" * 1_000_000  # an escape, which is not read in blocks
    content = f"@relation r\n@attribute a {{'x\\'s',y}}\n@attribute label real\n@data\n{rows}"
    ended = run(tmp_path, asked(tmp_path, content, cpu_s=1))
    assert ended.returncode == 65, ended.stderr
    assert json.loads(ended.stdout)["error"]["expected"] == (
        "data that can be inspected in 1 s of processor time"
    )


def test_a_misused_program_says_how_it_is_used():
    ended = subprocess.run(
        [sys.executable, "-m", "nnt_datasets"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr == "usage: python -m nnt_datasets inspect REQUEST\n"


def large_csv(path: Path) -> None:
    block = "".join(f"{row / 7:.9f},{row},{row % 3}\n" for row in range(50_000))
    with path.open("w") as file:
        file.write("a,b,label\n")
        for _ in range(SIZE // len(block) + 1):
            file.write(block)


def large_arff(path: Path) -> None:
    block = "".join(f"{row / 7:.9f},{row},c{row % 3}\n" for row in range(50_000))
    with path.open("w") as file:
        file.write(
            "@relation r\n@attribute a real\n@attribute b real\n@attribute label {c0,c1,c2}\n@data\n"
        )
        for _ in range(SIZE // len(block) + 1):
            file.write(block)


def large_npz(path: Path) -> None:
    rows = SIZE // (64 * 8)
    path.write_bytes(npz(x=np.random.default_rng(0).normal(size=(rows, 64)), y=np.arange(rows) % 3))


@pytest.mark.parametrize("write", [large_csv, large_arff, large_npz])
def test_memory_does_not_grow_with_the_file(tmp_path, write):
    """A file that is larger than what may be taken beside what Python and NumPy take."""
    path = tmp_path / "data"
    write(path)
    assert path.stat().st_size >= SIZE
    request = asked(tmp_path, b"", memory_mb=ENOUGH_MIB)
    write(path)
    ended = run(tmp_path, request)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    classes = json.loads(ended.stdout)["report"]["parts"]["train"]["labels"]["classes"]
    assert len(classes) == 3
