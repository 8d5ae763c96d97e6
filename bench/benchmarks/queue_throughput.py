"""How long many short simulations take in the queue, beside as many plain scripts one after the other."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from bench.experiment import ROWS, Experiment, experiment
from bench.measurement import Benchmark, Bound, Measurement, interleaved, ratio
from bench.product import Product, running_product
from bench.script import Script
from bench.services import data_folder

_TRAININGS, _EPOCHS = 20, 5
_AT_ONCE = 2
_DEADLINE_S = 600
_QUEUED, _ONE_BY_ONE = "through the queue", "plain scripts, one after the other"
_TWO_AT_ONCE = "plain scripts, two at a time"


def run(quick: bool) -> Measurement:
    trainings = 4 if quick else _TRAININGS
    trained = experiment(_EPOCHS)
    with ExitStack() as stack:
        script = Script(stack.enter_context(data_folder()), trained)
        folder = stack.enter_context(data_folder())
        settings = {"NNT_MAX_RUNNING": str(_AT_ONCE)}
        product = stack.enter_context(running_product(folder, settings))
        _queue(product, trained, _AT_ONCE)  # whoever idles has worked before
        sides = {
            _QUEUED: lambda: _queue(product, trained, trainings),
            _ONE_BY_ONE: lambda: _scripts(script, trainings, 1),
            _TWO_AT_ONCE: lambda: _scripts(script, trainings, _AT_ONCE),
        }
        samples = interleaved(1 if quick else 3, sides)
    value = ratio(_QUEUED, _ONE_BY_ONE, "s", samples)
    beside = {_TWO_AT_ONCE: ratio(_QUEUED, _TWO_AT_ONCE, "s", samples)}
    return Measurement(value=value.value, sides=value.sides, beside=beside)


def _queue(product: Product, trained: Experiment, trainings: int) -> float:
    began = time.time()
    sim_ids = [product.create(trained) for _ in range(trainings)]
    ended = max(product.finished(sim_id, _DEADLINE_S) for sim_id in sim_ids)
    for sim_id in sim_ids:
        product.delete(sim_id)
    return ended.timestamp() - began


def _scripts(script: Script, trainings: int, at_once: int) -> float:
    began = time.time()
    with ThreadPoolExecutor(at_once) as pool:
        runs = [pool.submit(script.run) for _ in range(trainings)]
        for one in runs:
            one.result()
    return time.time() - began


BENCHMARK = Benchmark(
    name="queue_throughput",
    question="How long do many short trainings take in the queue, beside plain scripts one after the other?",
    how=f"""
{_TRAININGS} simulations of the model of Appendix D, {ROWS["train"]:,} images, {ROWS["val"]} more for validation,
{_EPOCHS} epochs, all collected, {_AT_ONCE} at a time (`NNT_MAX_RUNNING={_AT_ONCE}`), created one right after the other
by HTTP in the product as `make up` starts it: from before the first POST until the last of them is `finished`, all
its collections stored, by the time in its row. Plain: `python train.py` (bench/programs/train.py) of the same
training as often, a new Python each, from before the first start until the last has ended. One thread for each
training on both sides. Value: the median of the one by the median of the other. The queue has two cores for what the
scripts do with one; so beside it is what it takes in comparison with as many scripts {_AT_ONCE} at a time.
""",
    unit="times the time of plain scripts",
    bound=Bound(at_most=1.15),
    run=run,
)
