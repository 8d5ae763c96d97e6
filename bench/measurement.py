"""What a benchmark is, what it measures, and how two sides are compared."""

import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Side(_Record):
    """One of the things that are compared: what each repeat gave."""

    unit: str
    samples: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


class Comparison(_Record):
    value: float
    sides: dict[str, Side]


class Measurement(Comparison):
    """The comparison that the bound is about, and others that are worth reading beside it."""

    beside: dict[str, Comparison] = {}
    not_measured: dict[str, str] = {}  # what this machine cannot do, and why


class Bound(_Record):
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def __str__(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


class Benchmark(NamedTuple):
    """`how` is read by people: docs/benchmarks.md repeats it."""

    name: str
    question: str
    how: str
    unit: str
    bound: Bound
    run: Callable[[bool], Measurement]  # told whether it has to be quick


def interleaved(
    repeats: int, sides: Mapping[str, Callable[[], float]], warm_ups: int = 0
) -> dict[str, list[float]]:
    """What each side returns, one after the other in every repeat, so that a disturbance meets all of them."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(-warm_ups, repeats):
        for name, measure in sides.items():
            sample = measure()
            if repeat >= 0:
                samples[name].append(sample)
    return samples


def ratio(of: str, to: str, unit: str, samples: Mapping[str, list[float]]) -> Comparison:
    """How many times the median of one side the median of another is."""
    sides = {name: Side(unit=unit, samples=samples[name]) for name in (of, to)}
    return Comparison(value=sides[of].median / sides[to].median, sides=sides)
