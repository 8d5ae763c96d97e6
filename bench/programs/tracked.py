"""The simulation itself with its hooks timed; its last line tells how long they and model.fit took."""

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Callable
from functools import wraps
from threading import current_thread, main_thread
from typing import Any

import httpx

from nnt_simulation.backends import choose

_seconds = dict.fromkeys(("fit_s", "hooks_s", "writes_s", "writes_cpu_s", "deliveries_cpu_s"), 0.0)

Count = Callable[[float, float], None]  # given the seconds by the clock and those of the processor


def main() -> int:
    choose("tensorflow")
    import keras

    from nnt_simulation import __main__ as simulation
    from nnt_simulation import callbacks
    from nnt_simulation.checkpoint import Checkpoints
    from nnt_simulation.outbox import Outbox

    for found in pkgutil.iter_modules(callbacks.__path__, f"{callbacks.__name__}."):
        for made in vars(importlib.import_module(found.name)).values():
            if isinstance(made, type) and issubclass(made, keras.callbacks.Callback):
                for name in [name for name in vars(made) if name.startswith("on_")]:
                    _time(made, name, _count_hook)
    _time(keras.Model, "fit", _count_fit)
    _time(Outbox, "put", _count_write)
    _time(Checkpoints, "write", _count_write)
    _time(httpx.Client, "post", _count_delivery)
    code = simulation.main()
    if not _seconds["fit_s"] or not _seconds["hooks_s"]:
        raise RuntimeError(f"the hooks of the simulation were not found: {_seconds}")
    sys.stdout.write(json.dumps(_seconds) + "\n")
    return code


def _time(owner: Any, name: str, count: Count) -> None:
    function: Callable[..., Any] = getattr(owner, name)

    @wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        began, began_cpu = time.perf_counter(), time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            count(time.perf_counter() - began, time.thread_time() - began_cpu)

    setattr(owner, name, timed)


def _count_fit(seconds: float, _: float) -> None:
    _seconds["fit_s"] += seconds


def _count_hook(seconds: float, _: float) -> None:
    _seconds["hooks_s"] += seconds


def _count_write(seconds: float, cpu_seconds: float) -> None:
    # In the main thread it happens within a hook and is counted there, or after the training.
    if current_thread() is not main_thread():
        _seconds["writes_s"] += seconds
        _seconds["writes_cpu_s"] += cpu_seconds


def _count_delivery(_: float, cpu_seconds: float) -> None:
    _seconds["deliveries_cpu_s"] += cpu_seconds


if __name__ == "__main__":
    sys.exit(main())
