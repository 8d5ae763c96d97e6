"""docs/benchmarks.md: the results for people, with how each was measured."""

import textwrap
from collections.abc import Mapping, Sequence

from bench.measurement import Benchmark, Comparison, Side
from bench.results import Result
from scripts.up.settings import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

`make bench` measures them on real services: PostgreSQL with its durability on, Redis, the parser as gunicorn and its
Celery worker as processes, simulations in processes of their own. Both sides of a comparison are measured in turn, so
that a disturbance meets both, and their medians are compared. This page is made from `bench/results.json`, which has
every sample.
"""


def render(benchmarks: Sequence[Benchmark], results: Mapping[str, Result]) -> str:
    measured = [
        (benchmark, results[benchmark.name])
        for benchmark in benchmarks
        if benchmark.name in results
    ]
    rows = [
        f"| [`{benchmark.name}`](#{benchmark.name}) | {number(result.value)} {result.unit} "
        f"| {result.bound} | {'yes' if result.ok else '**no**'} |"
        for benchmark, result in measured
    ]
    table = "\n".join(["| benchmark | measured | bound | kept |", "|---|---|---|---|", *rows])
    sections = [_section(benchmark, result) for benchmark, result in measured]
    return "\n".join([_HEAD, table, "", *sections])


def summary(benchmark: Benchmark, result: Result) -> str:
    """The same of one benchmark, for a terminal."""
    kept = "kept" if result.ok else "MISSED"
    lines = [f"{benchmark.name}: {number(result.value)} {result.unit} ({result.bound}: {kept})"]
    lines += [f"    {side}" for side in _sides(result)]
    for title, comparison in result.beside.items():
        lines += [f"  {title}: {number(comparison.value)}"]
        lines += [f"    {side}" for side in _sides(comparison)]
    lines += [f"  {title}: not measured here: {why}" for title, why in result.not_measured.items()]
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits that mean something; the whole of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _section(benchmark: Benchmark, result: Result) -> str:
    machine = result.machine
    rows = [_row(f"**{number(result.value)}**", "what the bound is about", result)] + [
        _row(number(comparison.value), title, comparison)
        for title, comparison in result.beside.items()
    ]
    rows += [
        f"| | {title} | not measured here: {why} |" for title, why in result.not_measured.items()
    ]
    where = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB,"
        f" {machine['system']}, Python {machine['python']}"
    )
    return "\n".join(
        [
            f"## {benchmark.name}",
            "",
            benchmark.question,
            "",
            textwrap.fill(benchmark.how.strip(), 118, break_on_hyphens=False),
            "",
            f"Bound: {result.bound} {result.unit}. Measured on {where}:",
            "",
            "| value | of what | medians of both sides |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(value: str, title: str, comparison: Comparison) -> str:
    return f"| {value} | {title} | {'; '.join(_sides(comparison))} |"


def _sides(comparison: Comparison) -> list[str]:
    return [f"{name}: {_median(side)}" for name, side in comparison.sides.items()]


def _median(side: Side) -> str:
    value, unit = side.median, side.unit
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    repeats = f" (of {len(side.samples)})" if len(side.samples) > 1 else ""
    return f"{number(value)} {unit}{repeats}"
