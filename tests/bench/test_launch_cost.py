"""What is said about launching is about launchers that were there."""

from bench import engine
from bench.benchmarks.launch_cost import BENCHMARK, measurement
from bench.document import render, summary
from bench.engine import NO_ENGINE, Engine
from bench.measurement import Comparison, Side
from bench.results import judged


def compared(value: float) -> Comparison:
    return Comparison(value=value, sides={"a": Side(unit="s", samples=[value])})


def test_the_bound_is_about_the_worse_launcher_and_nothing_else():
    beside = {"local": compared(0.8), "docker": compared(1.2), "the script elsewhere": compared(9)}
    assert measurement(beside, {}).value == 1.2


def test_a_launcher_that_is_not_there_has_a_reason_and_no_number(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "SOCKET", tmp_path / "docker.sock")
    with engine.engine() as found:
        assert not isinstance(found, Engine)
        result = judged(BENCHMARK, measurement({"local": compared(0.8)}, {"docker": found}))
    assert f"docker: not measured here: {NO_ENGINE}" in summary(BENCHMARK, result)
    page = render([BENCHMARK], {BENCHMARK.name: result})
    assert f"| | docker | not measured here: {NO_ENGINE} |" in page
