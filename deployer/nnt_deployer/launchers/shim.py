"""Waits for one training process and writes down durably how it ended.

It runs as a program of its own (`python shim.py FOLDER COMMAND…`) in a session of its own, so that it outlives whoever
started it, and inherits a lock of its folder, which is held for as long as it lives. It imports only the standard
library: one of it is alive for each simulation.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

STARTED = "started.json"
EXITED = "exit.json"
FAILED = "failed.json"  # the command could not be started at all
LOG = "log"

_PR_SET_PDEATHSIG = 1


class Seen(NamedTuple):
    """A living process. A pid alone names nothing: pids are reused."""

    start_ticks: int  # when it started, in clock ticks since boot
    is_paused: bool


def look(pid: int) -> Seen | None:
    """None if it is gone or a zombie, which still answers to its pid."""
    try:
        # The name in parentheses may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else Seen(int(fields[19]), fields[0] == "T")


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def write_durably(path: Path, content: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def main(folder: Path, command: list[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        process = _start(command, folder / LOG)
    except (OSError, subprocess.SubprocessError) as error:
        write_durably(folder / FAILED, {"error": str(error)})
        return
    write_durably(
        folder / STARTED,
        {
            "boot_id": boot_id(),
            "pid": process.pid,
            "start_ticks": _start_ticks(process.pid),
            "shim_pid": os.getpid(),
            "shim_start_ticks": _start_ticks(os.getpid()),
        },
    )
    _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    ended = {"code": code} if code >= 0 else {"signal": -code}
    about = {"at": datetime.now(UTC).isoformat(), "cpu_s": used.ru_utime + used.ru_stime}
    write_durably(folder / EXITED, ended | about)


def _start_ticks(pid: int) -> int | None:
    seen = look(pid)
    return seen.start_ticks if seen else None


def _start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=_in_the_child,
        )


def _in_the_child() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # Without its shim nobody would learn how the training ended: it must not run on alone.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    # Whoever started it waits for this process only; the shim itself belongs to nobody, and becomes nobody's zombie.
    if os.fork() == 0:
        main(Path(sys.argv[1]), sys.argv[2:])
