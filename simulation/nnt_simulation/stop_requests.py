"""Hears when this process is asked to stop, or told to stop at once."""

import logging
import signal
from collections.abc import Callable
from threading import Event, Thread

from nnt_contract.environment import ASK, INSIST

_log = logging.getLogger(__name__)

_REQUESTS = (ASK, INSIST)


class AtOnce(Event):
    """Is set when the training has to end within its epoch, and tells who asked to be told."""

    def __init__(self) -> None:
        super().__init__()
        self._acts: list[Callable[[], None]] = []

    def set(self) -> None:
        super().set()
        for act in self._acts:
            act()

    def when_set(self, act: Callable[[], None]) -> None:
        """Does that when it is set, or now; in a race twice."""
        self._acts.append(act)
        if self.is_set():
            act()


def hold() -> None:
    """Keeps requests until they are heard; before anything that takes time, and before there is another thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _REQUESTS)


def hear(stop: Event, at_once: AtOnce) -> None:
    """Sets `stop` when it is asked, both when it is told; to repeat it changes nothing.

    A thread of its own waits for the signals. Nothing is interrupted by them, wherever it is just then, and they are
    heard also while the main thread is at a long computation.
    """
    Thread(target=_hear, args=(stop, at_once), name="stop requests", daemon=True).start()


def _hear(stop: Event, at_once: AtOnce) -> None:
    while True:
        told = signal.sigwait(_REQUESTS) == INSIST
        if told and not at_once.is_set():
            _log.info("told to stop at once: what is complete is kept")
            at_once.set()
        elif not stop.is_set():
            _log.info("asked to stop: an epoch that has begun is completed first")
        stop.set()
