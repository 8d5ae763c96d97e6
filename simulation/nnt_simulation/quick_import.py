"""Imports Keras in half of the time, by not doing what a training has no use for."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_import() -> Iterator[None]:
    """To be put around an import that makes very many objects, all of which stay until the process ends.

    The garbage collector would look through them time and again, at the import, in the training and at the end.
    """
    gc.disable()
    try:
        with _without("sklearn"):  # Keras wraps its models for it where it is installed
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _without(module: str) -> Iterator[None]:
    """As if it were not installed, unless it is imported already."""
    if module in sys.modules:
        yield
        return
    # The import system's own way to say so; the type stubs do not know it.
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
