"""How much longer a training takes because it is tracked."""

import json
from pathlib import Path

import numpy as np

from bench.measurement import Benchmark, Bound, Comparison, Measurement, Side, interleaved
from bench.services import Services, running_services
from bench.trainings import Training, make_run
from scripts.up.settings import ROOT

_ROWS, _EPOCHS = 20_000, 10
_MODEL = ROOT / "tests" / "fixtures" / "appendix_d_model.json"
_PLAIN, _TRACKED = "plain model.fit", "tracked"

# What is compared with a plain model.fit: the sum of these figures of bench/programs/tracked.py.
_COST = "hooks, and the processor's time for writing"
_BESIDE = {
    "hooks alone": ("hooks_s",),
    "hooks, and all the time of writing, as if training waited for the disk": (
        "hooks_s",
        "writes_s",
    ),
    "hooks, and the processor's time for writing and delivering": (
        "hooks_s",
        "writes_cpu_s",
        "deliveries_cpu_s",
    ),
    "the whole tracked model.fit": ("fit_s",),
}


def run(quick: bool) -> Measurement:
    tracked: list[dict[str, float]] = []
    with running_services() as services:

        def plainly() -> float:
            return _train("plain", services)["fit_s"]

        def track() -> float:
            tracked.append(_train("tracked", services))
            return tracked[-1]["fit_s"]

        samples = interleaved(2 if quick else 7, {_PLAIN: plainly, _TRACKED: track})
    plain = Side(unit="s", samples=samples[_PLAIN])
    cost = _compare(plain, _COST, tracked, ("hooks_s", "writes_cpu_s"))
    beside = {title: _compare(plain, title, tracked, figures) for title, figures in _BESIDE.items()}
    return Measurement(value=cost.value, sides=cost.sides, beside=beside)


def _train(program: str, services: Services) -> dict[str, float]:
    return Training(f"bench.programs.{program}", services, _folder(services)).figures


def _folder(services: Services) -> Path:
    features = np.random.default_rng(7).random((_ROWS, 28, 28), dtype=np.float32)
    labels = features.reshape(_ROWS, -1)[:, :10].argmax(axis=1)
    model = json.loads(_MODEL.read_text())
    return make_run(services, model, features, labels, _EPOCHS)


def _compare(
    plain: Side, title: str, tracked: list[dict[str, float]], figures: tuple[str, ...]
) -> Comparison:
    side = Side(unit="s", samples=[sum(one[name] for name in figures) for one in tracked])
    return Comparison(value=side.median / plain.median, sides={title: side, _PLAIN: plain})


BENCHMARK = Benchmark(
    name="tracking_cost",
    question="How much of a training's time does tracking take?",
    how=f"""
The model of Appendix D is trained on {_ROWS:,} samples in batches of 32 for {_EPOCHS} epochs, its weights collected
after every epoch, with one thread as the deployer has it, each time in a fresh process. Tracked: the simulation as
it is, which reports to the running parser. Every `on_…` of its callbacks is timed by the clock: the training waits
for them. Outbox and checkpoint are written by a thread beside the training: of those writes, with their fsync,
the processor's time is added, which the training cannot have. Plain: `model.fit(features, labels, batch_size=32,
epochs={_EPOCHS}, verbose=0)` of the same model and data. Value: the median of the one by the median of the other.
Beside it: what it would be if the training waited for every write until it is on disk, what it is with the
delivery to the parser, and the time of the whole tracked `model.fit`, in which reading the data in an order
that a resumed training can repeat, and the parser on the same machine, have their share too.
""",
    unit="of a plain model.fit",
    bound=Bound(at_most=0.01),
    run=run,
)
