"""The program that inspects data: a child that has nothing of ours, ends with us, and is not believed everything."""

import ctypes
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

from nnt_contract.data_report import DataReport
from nnt_deployer.errors import InspectionFailed

_log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-I", "-m", "nnt_datasets", "inspect", "/dev/stdin")
_ENVIRONMENT = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}  # no address, no secret
_FOUND, _WRONG = 0, 65  # how it exits, as datasets/README.md says
_PIECE = 2**16
_MAX_ANSWER = 2**23
_TAIL = 2000  # of what it says besides, in bytes
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec there is no time for it

TROUBLE = "the data could not be inspected: the platform has trouble with it ({})"
_TOO_SLOW = "the data could not be inspected in {} s"


class Program:
    """One that runs, with so many seconds to answer."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", errors: IO[bytes], seconds: float
    ) -> None:
        self._process = process
        self._errors = errors
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._output = cast(IO[bytes], process.stdout).fileno()
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self._answer = b""

    def has_answered(self, within_s: float) -> bool:
        """Whether it has said everything. Raises InspectionFailed when its time is up, or it says too much."""
        if self._remaining_s() == 0:
            raise self._too_slow()
        if not self._poll.poll(1000 * within_s):
            return False
        piece = os.read(self._output, _PIECE)
        self._answer += piece
        if len(self._answer) > _MAX_ANSWER:
            raise self._trouble("its answer is too long")
        return not piece

    def report(self) -> DataReport:
        """What it has found. Raises InspectionFailed for what is wrong with the data, or with the program."""
        try:
            code = self._process.wait(self._remaining_s())
        except subprocess.TimeoutExpired as error:
            raise self._too_slow() from error
        if code not in (_FOUND, _WRONG):
            raise self._trouble(_end_in_words(code))
        try:
            answer = json.loads(self._answer)
            if code == _FOUND:
                return DataReport.model_validate(answer["report"])
            problem = str(answer["error"]["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._trouble("its answer makes no sense") from error
        raise InspectionFailed(problem)

    def _remaining_s(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())

    def _too_slow(self) -> InspectionFailed:
        return InspectionFailed(_TOO_SLOW.format(self._seconds))

    def _trouble(self, why: str) -> InspectionFailed:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _TAIL))
        _log.error("an inspection failed: %s: %s", why, self._errors.read(_TAIL))
        return InspectionFailed(TROUBLE.format(why))


@contextmanager
def started(request: str, folder: Path, seconds: float) -> Iterator[Program]:
    """The program, asked this; it ends with the block at the latest, and leaves nothing in `folder`."""
    _LIBC.prctl(_PR_SET_DUMPABLE, 0)  # so that nobody of our user reads our environment and memory
    with TemporaryFile(dir=folder) as asked, TemporaryFile(dir=folder) as errors:
        asked.write(request.encode())
        asked.seek(0)
        with subprocess.Popen(
            _COMMAND,
            env=_ENVIRONMENT,
            cwd="/",
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=_end_with_parent,
        ) as process:
            try:
                yield Program(process, errors, seconds)
            finally:
                process.kill()


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_in_words(code: int) -> str:
    if code == -signal.SIGKILL:
        return "it was killed, as when the machine has no memory left"
    return f"it ended by signal {-code}" if code < 0 else f"it ended with {code}"
