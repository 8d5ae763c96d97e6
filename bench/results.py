"""results.json: what was measured last, by the name of the benchmark."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from bench.machine import machine
from bench.measurement import Benchmark, Bound, Measurement
from scripts.up.settings import ROOT

RESULTS = ROOT / "bench" / "results.json"


class Result(Measurement):
    unit: str
    bound: Bound
    ok: bool
    machine: dict[str, str | int | float]


_results = TypeAdapter(dict[str, Result])


def judged(benchmark: Benchmark, measurement: Measurement) -> Result:
    return Result(
        value=measurement.value,
        sides=measurement.sides,
        beside=measurement.beside,
        not_measured=measurement.not_measured,
        unit=benchmark.unit,
        bound=benchmark.bound,
        ok=benchmark.bound.holds(measurement.value),
        machine=machine(),
    )


def read(path: Path = RESULTS) -> dict[str, Result]:
    return _results.validate_json(path.read_bytes()) if path.exists() else {}


def write(results: Mapping[str, Result], path: Path = RESULTS) -> None:
    path.write_bytes(_results.dump_json(dict(results), indent=2, exclude_none=True) + b"\n")
