"""What an earlier start left behind: processes whose supervisord was killed, and ports that others hold."""

import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import psutil

from scripts.up.settings import INSTANCE

_DEADLINE_S = 20
_DATABASES = ("postgres", "redis-server")


def end_leftovers(data_dir: Path) -> int:
    """Ends the service processes of this data folder; training processes go on and are adopted. Returns how many."""
    found = [process for process in psutil.process_iter() if _is_service_of(process, data_dir)]
    for process in found:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(found, timeout=_DEADLINE_S)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=_DEADLINE_S)
    return len(found)


def taken_ports(ports: Mapping[str, int], host: str) -> list[str]:
    """A sentence for each port that cannot be listened at, with its setting and, where it can be told, its holder."""
    shared = [port for port, settings in Counter(ports.values()).items() if settings > 1]
    return [
        f"port {port} is that of {' and '.join(name for name in ports if ports[name] == port)}; "
        "set one of them to another"
        for port in shared
    ] + [
        f"port {port} ({name}) is taken{_holder(port)}; free it or set {name} to another"
        for name, port in ports.items()
        if not is_free(host, port)
    ]


def is_free(host: str, port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
    return True


def _is_service_of(process: psutil.Process, data_dir: Path) -> bool:
    # A training process has neither the mark nor such a name: it is never found.
    try:
        if process.pid == psutil.Process().pid:
            return False
        if (
            process.name() in _DATABASES
        ):  # they overwrite their environment, and work in a folder of theirs
            return Path(process.cwd()).parent == data_dir
        return process.environ().get(INSTANCE) == str(data_dir)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.laddr
                and connection.status == psutil.CONN_LISTEN
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""
