"""A platform on this machine, from its first start to its end."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from scripts.up import redis
from scripts.up.postgres import Cluster
from scripts.up.processes import Program, Supervisor, procfile_programs
from scripts.up.secrets import load_or_make
from scripts.up.settings import ROOT, UpSettings, service_environment

_ANSWER_DEADLINE_S = 90


class StartFailed(Exception):
    """The text says what did not start and the end of its log."""


class Platform:
    def __init__(self, settings: UpSettings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._data = settings.data_dir
        self._secrets = load_or_make(self._data / "secrets.json")
        self._environment = service_environment(settings, self._secrets)
        self._services = procfile_programs((ROOT / "Procfile").read_text(), self._environment)
        self._supervisor: Supervisor | None = None

    @property
    def supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the platform was not started")
        return self._supervisor

    def start(self) -> None:
        """Returns when the site answers; raises StartFailed."""
        cluster = self._cluster()
        programs = list(self._services)
        if cluster is not None:
            cluster.initialise()
            programs.append(
                Program(
                    "postgres",
                    cluster.command,
                    cluster.system_user,
                    stop_signal="INT",
                    is_database=True,
                )
            )
        if not self._settings.redis_url:
            command = redis.write_configuration(
                self._data / "redis", self._settings.redis_port, self._secrets.redis_password
            )
            programs.append(Program("redis", command, is_database=True))
        self._supervisor = Supervisor(self._data, programs, self._environment)
        if not self._settings.redis_url:
            self._supervisor.start("redis")
        if cluster is not None:
            self._supervisor.start("postgres")
            self._wait("postgres", cluster.wait_until_ready)
            cluster.ensure_database("nnt", self._secrets.postgres_password)
        self._wait("redis", lambda: redis.wait_until_ready(self._environment["NNT_REDIS_URL"]))
        self._manage("migrate", "--verbosity", "0")
        self._manage("collectstatic", "--no-input", "--verbosity", "0")
        self._announce_administrator()
        self._supervisor.start(*(program.name for program in self._services))
        self._wait("server", self._wait_for_site)

    def stop(self) -> None:
        """Suspends running trainings, which the next start goes on with, then ends every service."""
        names = [program.name for program in self._services]
        # Nobody may start or judge a training while they are suspended.
        self.supervisor.stop(
            *(name for name in names if name in ("server", "reconciler", "deployer-worker"))
        )
        try:
            told = self._run([sys.executable, "-m", "nnt_deployer.shutdown"])
            if told:
                self._say(told.rstrip())
        finally:
            self.supervisor.stop(*names)
            self.supervisor.stop(
                *(program.name for program in self.supervisor.programs if program.is_database)
            )
            self.supervisor.shutdown()

    def _cluster(self) -> Cluster | None:
        if self._settings.database_url:
            return None
        return Cluster(
            self._data / "postgres", self._settings.postgres_port, self._secrets.postgres_password
        )

    def _announce_administrator(self) -> None:
        said = self._manage("create_administrator", "--username", self._settings.admin_name)
        if said.strip():
            made = json.loads(said)
            self._say(
                f"administrator: {made['username']}   password: {made['password']}   (shown this once only)"
            )

    def _manage(self, *arguments: str) -> str:
        return self._run([sys.executable, str(ROOT / "server" / "manage.py"), *arguments])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise StartFailed(f"{' '.join(command[1:3])} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def _wait(self, name: str, condition: Callable[[], None]) -> None:
        try:
            condition()
        except Exception as error:
            log = self.supervisor.log_tail(name)
            raise StartFailed(
                f"{name} did not start: {error}\nIts log ends with:\n{log}"
            ) from error

    def _wait_for_site(self) -> None:
        deadline = time.monotonic() + _ANSWER_DEADLINE_S
        while True:
            try:
                with urllib.request.urlopen(self._settings.address, timeout=5):  # nosec B310  # our own
                    pass
                missing = self.supervisor.not_running()
                if not missing:
                    return
                problem = f"not running: {', '.join(missing)}"
            except (urllib.error.URLError, OSError) as error:
                problem = str(error)
            if time.monotonic() > deadline:
                raise StartFailed(f"{self._settings.address} does not answer: {problem}")
            time.sleep(0.1)


def data_folder(settings: UpSettings) -> Path:
    """The data folder, made if need be; PostgreSQL's own user must be able to pass through it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o711)
    return settings.data_dir
