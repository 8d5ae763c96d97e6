"""A Docker engine of a test's own, which may be stopped and killed."""

import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import docker
import psutil

from bench.engine import answers
from tests.conftest import require, wait_for

SHELL = "nnt-test-shell"  # an image with sh and sleep
_PROGRAMS = ("/bin/sh", "/bin/sleep")


class OwnEngine:
    """In a network namespace of its own: a second dockerd would take the first one's bridge away."""

    def __init__(self) -> None:
        missing = [name for name in ("dockerd", "unshare", "ldd") if shutil.which(name) is None]
        if missing or os.geteuid() != 0:
            require("docker", "an engine of the test's own needs dockerd, unshare, ldd and root")
        # Short enough for sockets. Its name is one of containerd's too, which does not take every underscore.
        self._folder = Path(tempfile.gettempdir()) / f"nnt-docker-{uuid.uuid4().hex[:8]}"
        self._folder.mkdir(mode=0o700)
        (self._folder / "daemon.json").write_text("{}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._folder}/sock"

    @contextmanager
    def client(self) -> Iterator[docker.DockerClient]:
        with closing(docker.DockerClient(self.url, timeout=30)) as client:
            yield client

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--net", "dockerd", *self._options], stdout=log, stderr=log
            )
        wait_for(self._answers, f"a dockerd of the test's own, see {self._folder}/log")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)
        # Its containerd dies with it. Where nobody reaps that, the next dockerd would take it for alive.
        (self._folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def cut_power(self) -> None:
        """Ends the engine and everything that runs in it at once."""
        shims = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(part.startswith(str(self._folder)) for part in process.info["cmdline"] or [])
            and "containerd-shim" in process.info["cmdline"][0]
        ]
        self.kill()
        for shim in shims:
            for process in (shim, *shim.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def load_shell(self) -> None:
        with self.client() as client:
            client.api.import_image_from_data(_shell_archive(), repository=SHELL)

    def close(self) -> None:
        self.cut_power()
        subprocess.run(["umount", *self._mounts()], check=True)
        shutil.rmtree(self._folder)

    @property
    def _options(self) -> list[str]:
        folder = self._folder
        return [
            f"--host={self.url}",
            f"--config-file={folder}/daemon.json",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/pid",
            f"--containerd-namespace={folder.name}",
            f"--containerd-plugins-namespace={folder.name}-plugins",
            "--iptables=false",
            "--default-address-pool=base=10.231.0.0/16,size=18",  # four networks, one of them its own
        ]

    def _answers(self) -> bool:
        if not answers(self._folder / "sock"):
            return False
        with self.client() as client:
            return bool(client.ping())

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(30)

    def _mounts(self) -> list[str]:
        """What a dockerd leaves mounted, the innermost first."""
        lines = Path("/proc/self/mounts").read_text().splitlines()
        found = [line.split()[1] for line in lines]
        return sorted((path for path in found if path.startswith(str(self._folder))), reverse=True)


def _shell_archive() -> bytes:
    """A root folder with this machine's shell and nothing else."""
    told = subprocess.run(["ldd", *_PROGRAMS], capture_output=True, text=True, check=True).stdout
    libraries = set(re.findall(r"(/\S+\.so\S*)", told))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", dereference=True) as archive:
        for path in (*_PROGRAMS, *sorted(libraries)):
            archive.add(path)
    return content.getvalue()
