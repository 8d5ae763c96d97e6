"""Says after each epoch how it went."""

import logging
import time

import keras

_log = logging.getLogger(__name__)


class PrintProgress(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, total_epochs: int) -> None:
        super().__init__()
        self._total = total_epochs
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = ", ".join(
            f"{name} {(logs or {})[name]:.4g}" for name in sorted(logs or {}, key=_rank)
        )
        seconds = time.monotonic() - self._began
        _log.info("epoch %d of %d (%.1f s): %s", epoch + 1, self._total, seconds, values)


def _rank(name: str) -> tuple[bool, bool, str]:
    """Training before validation, the loss before the others."""
    return name.startswith("val_"), not name.endswith("loss"), name
