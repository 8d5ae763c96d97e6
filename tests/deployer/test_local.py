"""The local launcher keeps a launcher's promises, and its own about the shim."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import shim
from nnt_deployer.launchers.base import Handle, ProcessSpec, State
from nnt_deployer.launchers.local import LocalLauncher
from tests.conftest import wait_for
from tests.deployer.launcher_promises import (
    LauncherPromises,
    MakeLauncher,
    is_alive,
    observe,
    wait_for_end,
)

SpecOf = Callable[[str], ProcessSpec]


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    return tmp_path / "processes"


@pytest.fixture
def make_launcher(processes: Path) -> MakeLauncher:
    return lambda: LocalLauncher(processes)


@pytest.fixture
def spec_of(tmp_path: Path, make_launcher: MakeLauncher):
    started: list[Handle] = []

    def make(python: str) -> ProcessSpec:
        handle = Handle(uuid4(), 1)
        started.append(handle)
        return ProcessSpec(
            handle,
            (sys.executable, "-u", "-c", python),
            {"PATH": os.environ["PATH"]},
            str(tmp_path),
        )

    yield make
    for handle in started:
        make_launcher().kill(handle)


@pytest.fixture
def sleeper(spec_of: SpecOf) -> ProcessSpec:
    return spec_of("import time; time.sleep(600)")


class TestLocalLauncher(LauncherPromises):
    def test_a_killed_shim_takes_its_training_along_and_the_end_is_told_as_unknown(
        self, launcher, sleeper, processes
    ):
        launcher.start(sleeper)
        started = json.loads((processes / sleeper.handle.name / shim.STARTED).read_text())
        os.kill(started["shim_pid"], signal.SIGKILL)
        ended = wait_for_end(launcher, sleeper.handle)
        assert (ended.code, ended.signal) == (None, None)
        wait_for(lambda: not is_alive(started["pid"]), "the training to die with its shim")

    def test_the_end_tells_the_processor_time(self, launcher, spec_of):
        spec = spec_of("import time\nwhile time.process_time() < 0.3: pass")
        launcher.start(spec)
        spent = wait_for_end(launcher, spec.handle).cpu_s
        assert spent is not None and 0.3 <= spent < 5

    def test_a_reused_pid_is_not_taken_for_the_training(self, launcher, sleeper, processes):
        launcher.start(sleeper)
        path = processes / sleeper.handle.name / shim.STARTED
        started = json.loads(path.read_text())
        strangers = {"pid": os.getpid(), "shim_pid": os.getpid()}
        path.write_text(json.dumps(started | strangers))
        assert observe(launcher, sleeper.handle).state is State.EXITED
        launcher.kill(sleeper.handle)  # must not kill this very process
        path.write_text(json.dumps(started))

    def test_processes_of_before_a_reboot_are_not_alive(self, launcher, sleeper, processes):
        launcher.start(sleeper)
        path = processes / sleeper.handle.name / shim.STARTED
        started = json.loads(path.read_text())
        path.write_text(json.dumps(started | {"boot_id": "another"}))
        assert observe(launcher, sleeper.handle).state is State.EXITED
        path.write_text(json.dumps(started))

    def test_a_program_that_is_not_there_is_told_as_such(self, launcher, tmp_path):
        spec = ProcessSpec(Handle(uuid4(), 1), ("/no/such/program",), {}, str(tmp_path))
        with pytest.raises(LaunchFailed, match="/no/such/program"):
            launcher.start(spec)

    def test_a_deployer_that_dies_while_starting_leaves_one_process_that_is_seen_at_once(
        self, make_launcher, spec_of, processes, tmp_path
    ):
        started = tmp_path / "started"
        spec = spec_of(f"open({str(started)!r}, 'a').write('x')\nimport time; time.sleep(600)")
        dies = (
            "import os, sys\n"
            "from pathlib import Path\n"
            "from uuid import UUID\n"
            "from nnt_deployer.launchers import local\n"
            "from nnt_deployer.launchers.base import Handle, ProcessSpec\n"
            "local._wait_for_start = lambda folder: os._exit(9)\n"
            f"handle = Handle(UUID('{spec.handle.sim_id}'), 1)\n"
            f"spec = ProcessSpec(handle, {spec.command!r}, {{}}, {spec.run_dir!r})\n"
            f"local.LocalLauncher(Path({str(processes)!r})).start(spec)"
        )
        assert subprocess.run([sys.executable, "-c", dies]).returncode == 9
        assert observe(make_launcher(), spec.handle).state is State.ALIVE
        make_launcher().start(spec)
        wait_for(started.exists, "the process to say that it runs")
        assert started.read_text() == "x"
