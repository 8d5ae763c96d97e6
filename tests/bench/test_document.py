"""What people read about the benchmarks is what was measured."""

from bench.benchmarks import BENCHMARKS
from bench.document import DOCUMENT, render, summary
from bench.measurement import Measurement, ratio
from bench.results import judged, read, write


def measured(value: float) -> Measurement:
    compared = ratio("a", "b", "s", {"a": [value, value, 9 * value], "b": [1.0, 0.5, 1.5]})
    return Measurement(value=compared.value, sides=compared.sides, beside={"smaller": compared})


def test_the_page_is_that_of_the_results():
    assert DOCUMENT.read_text() == render(BENCHMARKS, read()), "python -m bench --page writes it"


def test_every_benchmark_was_measured_and_judged_by_the_bound_that_it_has_now():
    results = read()
    for benchmark in BENCHMARKS:
        result = results[benchmark.name]
        assert (result.bound, result.unit) == (benchmark.bound, benchmark.unit)
        assert result.ok == benchmark.bound.holds(result.value)


def test_medians_are_compared_and_both_sides_are_told():
    benchmark = BENCHMARKS[0]  # at least 0.5
    kept, missed = judged(benchmark, measured(0.6)), judged(benchmark, measured(0.4))
    assert (kept.value, kept.ok) == (0.6, True)
    assert (missed.value, missed.ok) == (0.4, False)
    assert "MISSED" in summary(benchmark, missed)
    assert "a: 400 ms (of 3)" in summary(benchmark, missed)
    assert "**no**" in render([benchmark], {benchmark.name: missed})


def test_results_are_read_as_they_were_written(tmp_path):
    results = {BENCHMARKS[0].name: judged(BENCHMARKS[0], measured(0.6))}
    write(results, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == results
