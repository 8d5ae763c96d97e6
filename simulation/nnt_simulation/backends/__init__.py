"""What Keras computes with: chosen once for a process, before Keras is imported."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast, get_args

import numpy as np

from nnt_contract.simulation_config import BackendName
from nnt_simulation import settings
from nnt_simulation.errors import BackendError


class Backend(Protocol):
    """What a training needs of a backend and Keras does not have: a module of this package for each."""

    def make_deterministic(self, threads: int) -> None:
        """Before anything is computed: sums depend on how many threads share them."""

    def begin_epoch(self, seed: int, epoch: int) -> None:
        """Makes what is drawn from now on a function of both, where it is not drawn from variables of the model."""

    # A keras.Variable; this module is imported before Keras is.
    def array_of(self, variable: object) -> np.ndarray:
        """The values as they are now and stay, also while training goes on; not to be written to."""

    def graphics_processors(self) -> Sequence[str]:
        """What their maker calls them."""


def choose(name: BackendName) -> None:
    """Has Keras, which is imported later, compute with it in this process; raises BackendError if it is missing.

    Takes no time: neither is imported.
    """
    if find_spec(name) is None:
        raise BackendError(_missing(name))
    if "keras" in sys.modules and _of_keras() != name:
        raise RuntimeError(f"Keras is imported already, with {_of_keras()}; expected {name}")
    settings.tell_keras(name)


def chosen() -> Backend:
    return cast(Backend, import_module(f"{__name__}.{_of_keras()}"))


def _of_keras() -> str:
    import keras

    return cast(str, keras.backend.backend())


def _missing(name: BackendName) -> str:
    installed = [other for other in get_args(BackendName) if find_spec(other) is not None]
    instead = f"Choose {' or '.join(installed)}, or have" if installed else "Have"
    return (
        f"The backend {name} is not installed where simulations run. {instead} {name} installed there"
        " (simulation/README.md says how)."
    )
