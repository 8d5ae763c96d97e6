"""`python -m nnt_simulation inspect MODEL`: a model's JSON in, one line of JSON out: nnt_contract.model_report.

Exits 0, or 65 with what is wrong. It reads that file, writes the answer and needs nothing else, neither network nor
settings.
"""

import json
import os
import signal
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, get_args

from nnt_contract import model_file
from nnt_contract.model_report import MAX_ANSWER_BYTES, Answer, ModelProblem
from nnt_contract.simulation_config import BackendName
from nnt_datasets.confinement import confine
from nnt_simulation import backends
from nnt_simulation.durable import durable_file
from nnt_simulation.errors import ModelError, SimulationError, explain, is_out_of_memory
from nnt_simulation.quick_import import quick_import

_FOUND, _WRONG = 0, 65  # as in sysexits.h
_MAX_CHARACTERS = 4000


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    confine(asked.memory_mb, asked.cpu_s, MAX_ANSWER_BYTES)

    def out_of_time(number: int, frame: FrameType | None) -> None:
        # At once: whatever is raised here, Keras might catch.
        limit = f"{asked.cpu_s} s of processor time"
        _write(ModelProblem(problem=f"The model cannot be built within {limit}."), asked.to)
        os._exit(_WRONG)

    signal.signal(signal.SIGXCPU, out_of_time)
    answer = _answer(asked)
    _write(answer, asked.to)
    return _WRONG if answer.problem else _FOUND


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m nnt_simulation inspect")
    parser.add_argument("model", type=Path, help="a file with a model's Keras JSON")
    parser.add_argument("--backend", choices=get_args(BackendName), default="tensorflow")
    parser.add_argument("--to", type=Path, help="the file to write; else standard output")
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--cpu-s", type=int, default=60)
    return parser


def _answer(asked: Namespace) -> Answer:
    try:
        model_json = _json_of(asked.model.read_bytes())
        backends.choose(asked.backend)
        with quick_import():
            from nnt_simulation.layer_table import report

        return report(model_json)
    except Exception as error:  # whatever it is, the model's owner is told
        if not isinstance(error, SimulationError):
            traceback.print_exception(error)
        return ModelProblem(problem=_told(error, asked.memory_mb)[:_MAX_CHARACTERS])


def _json_of(content: bytes) -> Any:
    """Raises ModelError."""
    if refusal := model_file.refusal(content):
        raise ModelError(refusal)
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise ModelError("JSON was expected; received bytes that are not text.") from error
    except json.JSONDecodeError as error:
        raise ModelError(f"JSON was expected; it is not: {error}.") from error


def _told(error: Exception, memory_mb: int) -> str:
    if is_out_of_memory(error):
        return f"The model cannot be built within {memory_mb} MiB of memory, which its inspection may take."
    return explain(error)


def _write(answer: Answer, to: Path | None) -> None:
    line = answer.model_dump_json() + "\n"
    if to is None:
        sys.stdout.write(line)
        sys.stdout.flush()
        return
    with durable_file(to) as file:
        file.write(line.encode())
