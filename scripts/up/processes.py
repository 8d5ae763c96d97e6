"""supervisord: its configuration, generated from the Procfile, and the calls that steer it."""

import hashlib
import os
import shlex
import string
import subprocess
import sys
import tempfile
import time
import xmlrpc.client  # nosec B411  # what answers is our own supervisord, through a socket only we can open
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

_ANSWER_DEADLINE_S = 30
_MAX_SOCKET_PATH = 100  # the kernel's limit is 107
_RUNNING = 20
_DOWN = (0, 100, 200, 1000)  # stopped, exited, fatal, unknown


@dataclass(frozen=True)
class Program:
    """A process of a running platform."""

    name: str
    command: Sequence[str]
    user: str | None = None
    stop_signal: str = "TERM"
    is_database: bool = False


def procfile_programs(procfile: str, environment: Mapping[str, str]) -> list[Program]:
    """The programs of a Procfile, the variables in their commands filled in."""
    programs = []
    for line in procfile.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, command = line.partition(":")
            filled = string.Template(command.strip()).substitute(environment)
            programs.append(Program(name.strip(), shlex.split(filled)))
    return programs


def configuration(programs: Sequence[Program], folder: Path) -> str:
    """supervisord's configuration file; programs start when they are told to and restart when they crash."""
    (folder / "logs").mkdir(exist_ok=True)
    sections = [
        "[supervisord]",
        "nodaemon=true",
        f"logfile={folder}/logs/supervisord.log",
        f"pidfile={folder}/supervisord.pid",
        f"childlogdir={folder}/logs",
        *(["user=root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        f"file={socket_path(folder)}",
        "chmod=0600",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        sections += [
            f"[program:{program.name}]",
            f"command={shlex.join(program.command)}".replace("%", "%%"),
            *([f"user={program.user}"] if program.user else []),
            "directory=/",
            "autostart=false",
            "autorestart=true",
            "startsecs=1",
            "startretries=100000",
            f"stopsignal={program.stop_signal}",
            "stopasgroup=true" if program.stop_signal == "TERM" else "stopasgroup=false",
            "killasgroup=true",
            "stopwaitsecs=15",
            "redirect_stderr=true",
            f"stdout_logfile={folder}/logs/{program.name}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=3",
        ]
    return "\n".join(sections) + "\n"


def socket_path(folder: Path) -> Path:
    """Where supervisord is spoken to; a deep data folder would make the path longer than the kernel takes."""
    path = folder / "supervisord.sock"
    if len(bytes(path)) <= _MAX_SOCKET_PATH:
        return path
    return (
        Path(tempfile.gettempdir()) / f"nnt-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}.sock"
    )


class Supervisor:
    """A running supervisord."""

    def __init__(
        self, folder: Path, programs: Sequence[Program], environment: Mapping[str, str]
    ) -> None:
        """Starts it in a session of its own, so that Ctrl-C reaches only the caller."""
        self.programs = programs
        self._folder = folder
        path = folder / "supervisord.conf"
        path.write_text(configuration(programs, folder))
        socket_path(folder).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_it_answers()

    def start(self, *names: str) -> None:
        for name in names:
            self._rpc().startProcess(name, False)

    def stop(self, *names: str) -> None:
        """Stops them all at once; returns when they are gone."""
        for name in names:
            if self._state(name) not in _DOWN:
                self._rpc().stopProcess(name, False)
        while any(self._state(name) not in _DOWN for name in names):
            time.sleep(0.05)

    def not_running(self) -> list[str]:
        """The programs that are not up at this moment."""
        return [
            info["name"] for info in self._rpc().getAllProcessInfo() if info["state"] != _RUNNING
        ]

    def log_tail(self, name: str, characters: int = 2000) -> str:
        try:
            return (self._folder / "logs" / f"{name}.log").read_text(errors="replace")[-characters:]
        except FileNotFoundError:
            return ""

    def shutdown(self) -> None:
        """Stops every program, then itself; returns when all are gone."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        socket_path(self._folder).unlink(missing_ok=True)

    def _state(self, name: str) -> int:
        return int(self._rpc().getProcessInfo(name)["state"])

    def _rpc(self) -> Any:
        # A new one for each call: a transport whose first connection failed never connects again.
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self._folder)}")
        return xmlrpc.client.ServerProxy("http://supervisord", transport=transport).supervisor

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _ANSWER_DEADLINE_S
        while True:
            try:
                self._rpc().getState()
            except (OSError, xmlrpc.client.ProtocolError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "logs" / "supervisord.log").read_text(errors="replace")[
                        -2000:
                    ]
                    raise RuntimeError(
                        f"supervisord does not answer; its log ends with:\n{log}"
                    ) from None
                time.sleep(0.05)
            else:
                return
