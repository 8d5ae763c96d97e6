"""Delivers updates to the parser, in order and as often as it takes, while the training goes on."""

import logging
import random
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import httpx
from pydantic import ValidationError

from nnt_contract.environment import WAITING
from nnt_contract.errors import ErrorBody, describe
from nnt_contract.updates import FRAME_TYPE, Collection, Failure, Finish, payload_bytes
from nnt_simulation.errors import RefusedError
from nnt_simulation.outbox import Outbox
from nnt_simulation.settings import SimulationSettings

_log = logging.getLogger(__name__)

_RETRIED = {408, 429}
_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 5.0
_LOOK_S = 0.2  # how long a request to stop may go unnoticed while waiting
_LAST_ANSWER_S = 1.0


def parser_client(
    settings: SimulationSettings, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    return httpx.Client(
        base_url=str(settings.parser_url),
        headers={"Authorization": f"Bearer {settings.run_token.get_secret_value()}"},
        timeout=httpx.Timeout(60, connect=5),
        transport=transport,
        trust_env=False,  # a proxy for the internet does not know the parser
    )


class Reporter:
    """Takes what the training reports into the outbox, and a thread brings it from there to the parser.

    A parser that is away costs nothing until the outbox is full: then `collection` waits, and drops nothing.
    A parser that refuses an update for good ends the training with its answer; the update stays in the outbox.
    """

    def __init__(
        self, outbox: Outbox, client: httpx.Client, settings: SimulationSettings, stop: Event
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._flush_s = settings.flush_s
        self._stop_flush_s = settings.stop_flush_s
        self._stop = stop
        self._waiting = settings.run_dir / WAITING
        self._closing = Event()
        self._thread = Thread(target=self._run, name="reporter", daemon=True)
        self._refusal: RefusedError | None = None
        self._gave_up = False
        # Not the module's generator: Keras seeds and draws from that one.
        self._random = random.Random()

    def __enter__(self) -> Self:
        self._waiting.unlink(missing_ok=True)  # of a process that was killed while it waited
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._outbox.wake()
        self._thread.join(_LAST_ANSWER_S)

    def collection(self, update: Collection, payload: Iterable[memoryview]) -> None:
        """Returns when the collection is on disk; raises RefusedError if the parser refused an earlier one."""
        self.raise_refusal()
        self._wait_for_room(update)
        self._outbox.put(update, payload)

    def end(self, update: Finish | Failure) -> None:
        """Puts the last update into the outbox, which always has room for it, and flushes."""
        self._outbox.put(update)
        self.flush()

    def raise_refusal(self) -> None:
        if self._refusal:
            raise self._refusal

    def flush(self) -> None:
        """Waits until everything is delivered, but not for ever: the deployer delivers what stays behind."""
        began = time.monotonic()
        while not self._outbox.wait_until(lambda: self._next_file() is None, _LOOK_S):
            patience = self._stop_flush_s if self._stop.is_set() else self._flush_s
            if time.monotonic() - began >= patience:
                _log.info("%d updates stay in the outbox for later", len(self._outbox))
                return

    def _wait_for_room(self, update: Collection) -> None:
        size = payload_bytes(update)
        if self._outbox.has_room(size):
            return
        _log.info("waiting for parser: %d updates have not reached it", len(self._outbox))
        self._waiting.touch()
        try:
            # Whoever asks to stop wants this epoch kept: one collection more than the limit then.
            while not self._outbox.wait_until(lambda: self._outbox.has_room(size), _LOOK_S):
                self.raise_refusal()
                if self._stop.is_set():
                    return
        finally:
            self._waiting.unlink(missing_ok=True)
        _log.info("going on")

    def _next_file(self) -> Path | None:
        """What is to be delivered next: after a refusal, only the word that the training failed."""
        if self._refusal is None:
            return self._outbox.oldest()
        return None if self._gave_up else self._outbox.oldest("send_error")

    def _is_needed(self) -> bool:
        return self._closing.is_set() or self._next_file() is not None

    def _run(self) -> None:
        try:
            self._deliver()
        except Exception as error:  # without its thread the training would wait for ever
            _log.exception("updates cannot be delivered any more")
            self._refusal = RefusedError(f"Updates cannot be delivered: {error!r}")
            self._gave_up = True

    def _deliver(self) -> None:
        delay = _FIRST_DELAY_S
        while not self._closing.is_set():
            path = self._next_file()
            if path is None:
                self._outbox.wait_until(self._is_needed, _LOOK_S)
                continue
            trouble = self._send(path)
            if trouble is None:
                if delay > _FIRST_DELAY_S:
                    _log.info("the parser takes updates again")
                delay = _FIRST_DELAY_S
                continue
            if delay == _FIRST_DELAY_S:
                _log.info("the parser does not take updates now (%s); they are kept", trouble)
            self._closing.wait(delay * self._random.uniform(0.5, 1))
            delay = min(2 * delay, _LONGEST_DELAY_S)

    def _send(self, path: Path) -> str | None:
        """Why the update has to be sent again; None when nothing more is to be done about it."""
        try:
            with path.open("rb") as body:
                answer = self._client.post(
                    path.suffix.removeprefix("."),
                    content=body,
                    headers={"Content-Type": FRAME_TYPE},
                )
        except FileNotFoundError:  # somebody else delivered it
            self._outbox.remove(path)
            return None
        except (httpx.RequestError, OSError) as error:
            return f"{type(error).__name__}: {error}"
        if answer.is_success:
            self._outbox.remove(path)
            return None
        if not answer.is_client_error or answer.status_code in _RETRIED:
            return f"it answered {answer.status_code}"
        self._refuse(path, answer)
        return None

    def _refuse(self, path: Path, answer: httpx.Response) -> None:
        text = f"The parser refused {path.name} ({answer.status_code}): {_text_of(answer)}"
        _log.error("%s", text)
        if self._refusal is None:
            self._refusal = RefusedError(text)
        else:
            self._gave_up = True


def _text_of(answer: httpx.Response) -> str:
    try:
        return describe(ErrorBody.model_validate_json(answer.content))
    except ValidationError:  # a proxy's page, say
        return answer.text[:500] or "no text"
