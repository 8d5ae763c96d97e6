"""How much longer the end of the first epoch is waited for in the product than with a plain script."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from bench.engine import RELAY_URL, Engine, engine
from bench.experiment import ROWS, Experiment, experiment
from bench.measurement import Benchmark, Bound, Comparison, Measurement, interleaved, ratio
from bench.product import Product, running_product
from bench.script import Script
from bench.services import data_folder
from scripts.free_port import free_port

_DEADLINE_S = 120
_LOCAL, _DOCKER = "local", "docker"
_CREATE, _SCRIPT = "Create to the end of the first epoch", "python train.py to the same"
_WITHOUT_SKLEARN = "the same without scikit-learn"
_IN_CONTAINER = "docker run … python train.py to the same"


def run(quick: bool) -> Measurement:
    repeats = 2 if quick else 11
    trained = experiment(epochs=1)
    beside = _local(trained, repeats)
    not_measured = {}
    with engine() as found:
        if isinstance(found, Engine):
            beside |= _docker(found, trained, repeats)
        else:
            not_measured[_DOCKER] = found
    return measurement(beside, not_measured)


def measurement(beside: dict[str, Comparison], not_measured: dict[str, str]) -> Measurement:
    """The bound is about the worse of the launchers that were measured."""
    launchers = [beside[name] for name in (_LOCAL, _DOCKER) if name in beside]
    worst = max(launchers, key=lambda launcher: launcher.value)
    return Measurement(
        value=worst.value, sides=worst.sides, beside=beside, not_measured=not_measured
    )


def _local(trained: Experiment, repeats: int) -> dict[str, Comparison]:
    with ExitStack() as stack:
        script = Script(stack.enter_context(data_folder()), trained)
        product = stack.enter_context(running_product(stack.enter_context(data_folder()), {}))
        sides = {
            _CREATE: lambda: _create(product, trained),
            _SCRIPT: lambda: _train(script, script.run),
            _WITHOUT_SKLEARN: lambda: _train(script, script.run_without_sklearn),
        }
        samples = interleaved(repeats, sides, warm_ups=1)
    return {
        _LOCAL: ratio(_CREATE, _SCRIPT, "s", samples),
        "local, scikit-learn not installed": ratio(_CREATE, _WITHOUT_SKLEARN, "s", samples),
    }


def _docker(found: Engine, trained: Experiment, repeats: int) -> dict[str, Comparison]:
    with ExitStack() as stack:
        script = Script(stack.enter_context(data_folder()), trained)
        port = free_port()
        settings = {
            "NNT_LAUNCHER": "docker",
            "NNT_DOCKER_PARSER": stack.enter_context(found.relay(port)),
            "NNT_BIND_HOST": found.gateway,
            "NNT_ALLOWED_HOSTS": f'["{found.gateway}"]',
            "NNT_PARSER_PORT": str(port),
            "NNT_PARSER_URL": RELAY_URL,
        }
        folder = stack.enter_context(data_folder())
        product = stack.enter_context(running_product(folder, settings))
        sides = {
            _CREATE: lambda: _create(product, trained),
            _SCRIPT: lambda: _train(script, script.run),
            _IN_CONTAINER: lambda: _train(script, lambda: found.run_script(script)),
        }
        samples = interleaved(repeats, sides, warm_ups=1)
    return {
        _DOCKER: ratio(_CREATE, _SCRIPT, "s", samples),
        "docker, the script in a container too": ratio(_CREATE, _IN_CONTAINER, "s", samples),
    }


def _create(product: Product, trained: Experiment) -> float:
    began = time.time()
    sim_id = product.create(trained)
    product.finished(sim_id, _DEADLINE_S)
    ended = product.first_checkpoint(sim_id)
    product.delete(sim_id)  # nothing of it disturbs what comes next
    return ended - began


def _train(script: Script, train: Callable[[], None]) -> float:
    began = time.time()
    train()
    return script.first_epoch_ended - began


BENCHMARK = Benchmark(
    name="launch_cost",
    question="How much longer does one wait for the end of the first epoch than with a plain script?",
    how=f"""
The model of Appendix D, {ROWS["train"]:,} images, {ROWS["val"]} more for validation, one epoch in batches of 32, one
thread on both sides. Create: POST /api/experiments with model, configuration and three datasets, by HTTP to the
product as `make up` starts it, idle; from before the request until the training process has written its first
checkpoint (the time of that file), before which it has written the epoch's collection durably. Plain: `python train.py`
(bench/programs/train.py) with the same Python and the same files, from before its start until it marks the end of its
first epoch (the time of that file). The clock is the same, and every file is in the page cache. The data are
inspected in that time. The model is by the first launch alone, which waits some two seconds longer and is not the
median; the form has it done when a model is chosen. Docker: the same product with `NNT_LAUNCHER=docker`, each
simulation in a container and a network of its own, from the image nnt-simulation. Keras imports scikit-learn where it
is installed, as it is here and is not in the image; the simulation spares itself that. Value: the worse of both
launchers, each over the plain script on this machine. Beside it: what it is where scikit-learn is not installed, and
over the script in a container of the same image.
""",
    unit="times the wait with a plain script",
    bound=Bound(at_most=1.3),
    run=run,
)
