"""The whole product on free ports, started as a user starts it."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.free_port import free_port
from scripts.up.settings import ROOT
from tests.conftest import wait_for

_START_S = 120


@dataclass
class Platform:
    """A running `make up`."""

    data_dir: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str] | None" = None
    said: str = ""
    url: str = field(init=False, default="")

    def start(self) -> None:
        """Returns when it has said that it is ready."""
        with (self.data_dir / "said").open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.up"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.said = wait_for(self._ready, "the platform to be ready", _START_S)
        self.url = re.findall(r"ready: (\S+)", self.said)[0]

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(60)
            self.said = self._read()

    def _read(self) -> str:
        return (self.data_dir / "said").read_text()

    def _ready(self) -> str:
        said = self._read()
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"make up ended: {said}")
        return said if "ready:" in said else ""


def environment_of(data_dir: Path) -> dict[str, str]:
    """Settings of a platform on free ports, with nothing of this process's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NNT_")}
    ports = ("SERVER", "DEPLOYER", "PARSER", "POSTGRES", "REDIS")
    return (
        inherited
        | {"NNT_DATA_DIR": str(data_dir)}
        | {f"NNT_{name}_PORT": str(free_port()) for name in ports}
    )
