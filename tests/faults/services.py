"""The services of a running product, to be killed and to be missed."""

import shutil
import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import redis
from celery import Celery
from supervisor.xmlrpc import SupervisorTransport

from scripts.up.processes import socket_path
from scripts.up.secrets import load_or_make
from tests.conftest import wait_for
from tests.platform import Platform

_BACK_S = 60
_RUNNING = 20  # supervisord's number for it


class Services:
    def __init__(self, platform: Platform) -> None:
        self.data_dir = platform.data_dir
        self._environment = platform.environment
        self._secrets = load_or_make(self.data_dir / "secrets.json")

    def pid(self, service: str) -> int:
        """Its process, once there is one."""

        def running() -> int:
            with self._supervisor() as supervisor:
                info = supervisor.getProcessInfo(service)
            return int(info["pid"]) if info["state"] == _RUNNING else 0

        return wait_for(running, f"{service} to run", _BACK_S)

    def kill(self, service: str) -> None:
        """SIGKILL to all processes of the service at once; supervisord starts it again."""
        main = psutil.Process(self.pid(service))
        # The parent first: it would replace its children.
        killed = [main, *main.children(recursive=True)]
        for process in killed:
            try:
                process.kill()
            except psutil.NoSuchProcess:  # PostgreSQL's children follow their parent by themselves
                continue
        _, alive = psutil.wait_procs(killed, timeout=10)
        assert not alive

    @contextmanager
    def without(self, service: str) -> Iterator[None]:
        """Ends the service as an administrator does; it is back after the block."""
        with self._supervisor() as supervisor:
            supervisor.stopProcess(service)
        try:
            yield
        finally:
            with self._supervisor() as supervisor:
                supervisor.startProcess(service)

    def stop_consuming(self, queue: str) -> None:
        """Makes every worker deaf to the queue, as a lost connection may."""
        port = int(self._environment["NNT_REDIS_PORT"])
        with Celery(broker=f"redis://:{self._secrets.redis_password}@127.0.0.1:{port}/0") as app:
            worker = f"{queue}@{socket.gethostname()}"
            answers = app.control.cancel_consumer(
                queue, destination=[worker], reply=True, timeout=10
            )
        assert answers and "ok" in answers[0][worker], answers

    def lose_redis(self) -> None:
        """Kills Redis with everything it knows."""
        with self._redis() as client:
            client.set("known", "before")
        for path in (self.data_dir / "redis").glob("appendonly*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.kill("redis")
        self.pid("redis")
        with self._redis() as client:
            assert not client.exists("known")

    def _redis(self) -> redis.Redis:
        port = int(self._environment["NNT_REDIS_PORT"])
        return redis.Redis(port=port, password=self._secrets.redis_password)

    @contextmanager
    def _supervisor(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self.data_dir)}")
        with xmlrpc.client.ServerProxy("http://supervisord", transport=transport) as proxy:
            yield proxy.supervisor
