"""`make up`: starts the platform, prints where it is, and ends it on Ctrl-C; `--stop` ends one that runs elsewhere."""

import argparse
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, NoReturn

from pydantic import ValidationError

from scripts.up.leftovers import end_leftovers, taken_ports
from scripts.up.platform import Platform, StartFailed, data_folder
from scripts.up.settings import UpSettings

_STOP_DEADLINE_S = 120
# SIGINT too: a shell that starts this in the background has it ignored.
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make up", description=__doc__)
    arguments.add_argument(
        "--stop", action="store_true", help="end the platform of this data folder"
    )
    try:
        settings = UpSettings()
    except ValidationError as error:
        raise SystemExit(f"a setting is wrong:\n{error}") from None
    folder = data_folder(settings)
    if arguments.parse_args().stop:
        return stop_other(folder / "up.lock")
    with (folder / "up.lock").open("a+") as lock:
        claim(lock, settings)
        return run(settings)


def run(settings: UpSettings) -> int:
    if ended := end_leftovers(settings.data_dir):
        say(f"ended {ended} processes that an earlier start left behind")
    if taken := taken_ports(settings.ports, settings.bind_host):
        raise SystemExit("\n".join(taken))
    for number in _ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    say(f"starting Neural Net Tracker (data in {settings.data_dir}) …")
    platform = Platform(settings, say)
    try:
        platform.start()
        say(f"ready: {settings.address}   (Ctrl-C stops it; logs in {settings.data_dir / 'logs'})")
        code = platform.supervisor.process.wait()
    except KeyboardInterrupt:
        for number in _ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        say("\nstopping: trainings complete their epoch first, and go on at the next start …")
        platform.stop()
        say("stopped; the data is kept")
        return 0
    except StartFailed as error:
        platform.supervisor.shutdown()
        raise SystemExit(str(error)) from error
    raise SystemExit(
        f"supervisord ended by itself (exit code {code}); its log: {settings.data_dir}/logs/supervisord.log"
    )


def claim(lock: IO[str], settings: UpSettings) -> None:
    """One platform for one data folder, held until this process ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise SystemExit(
            f"it runs already (pid {lock.read().strip()}): {settings.address}   (make down ends it)"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def stop_other(path: Path) -> int:
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            os.kill(int(lock.read()), signal.SIGTERM)
        else:
            say("it does not run")
            return 0
        deadline = time.monotonic() + _STOP_DEADLINE_S
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.1)
            else:
                say("stopped; the data is kept")
                return 0
    raise SystemExit(f"it did not stop within {_STOP_DEADLINE_S} s")


def say(text: str) -> None:
    print(text, flush=True)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
