"""The whole product on free ports, started as a user starts it, and a browser to use it with."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.up.settings import ROOT
from tests.conftest import FIXTURES, free_port, require, wait_for

_START_S = 120
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


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

    def _ready(self) -> str:
        said = (self.data_dir / "said").read_text()
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"make up ended: {said}")
        return said if "ready:" in said else ""


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    # Not pytest's own folder: PostgreSQL's user must be able to pass through.
    data_dir = Path(tempfile.mkdtemp(prefix="nnt-e2e-"))
    started = Platform(data_dir, environment_of(data_dir))
    started.start()
    try:
        yield started
    finally:
        started.stop()
        shutil.rmtree(data_dir)


def environment_of(data_dir: Path) -> dict[str, str]:
    """Settings of a platform on free ports, with nothing of this process's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NNT_")}
    ports = ("SERVER", "DEPLOYER", "PARSER", "POSTGRES", "REDIS")
    return (
        inherited
        | {"NNT_DATA_DIR": str(data_dir)}
        | {f"NNT_{name}_PORT": str(free_port()) for name in ports}
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        require("browser", "there is no chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A page of a new visitor; what its console complains about (CSP, scripts) fails the test."""
    context = browser.new_context(base_url=platform.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    complaints: list[str] = []
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    expected = "Failed to load resource: the server responded with a status of 422"
    assert [text for text in complaints if expected not in text] == []


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """scikit-learn's digits at 28x28, as the files a user has: part -> .npz, and the report's own model."""
    from sklearn.datasets import load_digits

    data = load_digits()
    enlarged = np.kron(data.images / 16, np.ones((1, 3, 3)))
    images = np.pad(enlarged, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    folder = tmp_path_factory.mktemp("digits")
    parts = {"train": slice(0, 1200), "val": slice(1200, 1500), "test": slice(1500, None)}
    files = {"model": FIXTURES / "appendix_d_model.json"}
    for part, rows in parts.items():
        files[part] = folder / f"{part}.npz"
        np.savez(files[part], **{f"x_{part}": images[rows], f"y_{part}": data.target[rows]})
    return files
