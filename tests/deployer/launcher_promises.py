"""What every launcher must keep: each launcher's test class inherits these."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import psutil
import pytest

from nnt_deployer.launchers.base import Exit, Handle, Launcher, Observed, State
from tests.conftest import wait_for

MakeLauncher = Callable[[], Launcher]
AT_ONCE = timedelta(0)


class LauncherPromises:
    """`make_launcher` gives launchers with the same settings, `spec_of` a process that runs this Python text."""

    @pytest.fixture
    def launcher(self, make_launcher: MakeLauncher) -> Launcher:
        return make_launcher()

    def test_a_started_process_is_alive_until_it_ends_with_its_exit_code(
        self, launcher, spec_of, tmp_path
    ):
        go = tmp_path / "go"
        spec = spec_of(
            f"import os, time, sys\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nsys.exit(3)"
        )
        launcher.start(spec)
        assert observe(launcher, spec.handle).state is State.ALIVE
        go.touch()
        ended = wait_for_end(launcher, spec.handle)
        assert ended.code == 3 and ended.at is not None

    def test_starting_twice_starts_one_process(self, make_launcher, spec_of, tmp_path):
        started = tmp_path / "started"
        spec = spec_of(f"open({str(started)!r}, 'a').write('x')\nimport time; time.sleep(600)")
        for _ in range(3):
            make_launcher().start(spec)
        wait_for(started.exists, "the process to say that it runs")
        assert started.read_text() == "x"
        make_launcher().stop(spec.handle, AT_ONCE)
        make_launcher().start(spec)
        assert observe(make_launcher(), spec.handle).state is State.EXITED

    def test_another_launcher_observes_and_stops_what_one_started(self, make_launcher, sleeper):
        make_launcher().start(sleeper)
        assert observe(make_launcher(), sleeper.handle).state is State.ALIVE
        make_launcher().stop(sleeper.handle, AT_ONCE)
        assert observe(make_launcher(), sleeper.handle).state is State.EXITED

    def test_observing_the_unknown_says_gone(self, launcher):
        assert observe(launcher, Handle(uuid4(), 1)) == Observed(State.GONE)

    def test_many_are_observed_at_once(self, launcher, spec_of):
        specs = [spec_of("pass") for _ in range(3)]
        for spec in specs:
            launcher.start(spec)
            wait_for_end(launcher, spec.handle)
        unknown = Handle(uuid4(), 1)
        seen = launcher.observe([*(spec.handle for spec in specs), unknown])
        assert [seen[spec.handle].state for spec in specs] == [State.EXITED] * 3
        assert seen[unknown].state is State.GONE

    def test_stopping_twice_and_stopping_the_unknown_succeed(self, launcher, sleeper):
        launcher.start(sleeper)
        launcher.stop(sleeper.handle, AT_ONCE)
        launcher.stop(sleeper.handle, AT_ONCE)
        launcher.stop(Handle(uuid4(), 1), AT_ONCE)

    def test_stop_asks_first(self, launcher, spec_of, tmp_path):
        ready = tmp_path / "ready"
        spec = spec_of(
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(65))\n"
            f"open({str(ready)!r}, 'w')\n"
            "time.sleep(600)"
        )
        launcher.start(spec)
        wait_for(ready.exists, "the process to be ready")
        launcher.stop(spec.handle, timedelta(seconds=30))
        assert exit_of(launcher, spec.handle).code == 65

    def test_stop_kills_what_does_not_listen(self, launcher, spec_of, tmp_path):
        ready = tmp_path / "ready"
        spec = spec_of(
            "import signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"open({str(ready)!r}, 'w')\n"
            "time.sleep(600)"
        )
        launcher.start(spec)
        wait_for(ready.exists, "the process to be ready")
        launcher.stop(spec.handle, timedelta(seconds=0.2))
        assert exit_of(launcher, spec.handle).signal == signal.SIGKILL

    def test_no_child_of_the_process_survives_a_stop(self, launcher, spec_of, tmp_path):
        child = tmp_path / "child"
        spec = spec_of(
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            f"open({str(child)!r}, 'w').write(str(p.pid))\n"
            "time.sleep(600)"
        )
        launcher.start(spec)
        pid = int(wait_for(lambda: child.exists() and child.read_text(), "the child's pid"))
        launcher.stop(spec.handle, AT_ONCE)
        wait_for(lambda: not is_alive(pid), "the child to die")

    def test_a_killed_process_is_seen_as_killed(self, launcher, spec_of, tmp_path):
        pid_file = tmp_path / "pid"
        spec = spec_of(
            f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
        )
        launcher.start(spec)
        os.kill(
            int(wait_for(lambda: pid_file.exists() and pid_file.read_text(), "the pid")),
            signal.SIGKILL,
        )
        assert wait_for_end(launcher, spec.handle).signal == signal.SIGKILL

    def test_what_it_printed_is_readable_after_its_end(self, launcher, spec_of):
        spec = spec_of(
            "import sys\nfor i in range(300): print('line', i)\nprint('last words', file=sys.stderr)"
        )
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        lines = launcher.logs(spec.handle, tail=100).splitlines()
        assert len(lines) == 100
        assert lines[-1] in ("last words", "line 299")

    def test_a_removed_process_is_gone_with_its_log(self, launcher, spec_of):
        spec = spec_of("print('hello')")
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        launcher.remove(spec.handle)
        launcher.remove(spec.handle)
        assert observe(launcher, spec.handle).state is State.GONE
        assert launcher.logs(spec.handle) == ""

    def test_the_process_sees_the_environment_it_was_given_and_no_other(
        self, launcher, spec_of, monkeypatch
    ):
        monkeypatch.setenv("NNT_TOKEN_SECRET", "a secret of the deployer")
        spec = spec_of("import os\nprint(sorted(os.environ))")
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        assert "NNT_TOKEN_SECRET" not in launcher.logs(spec.handle)


def observe(launcher: Launcher, handle: Handle) -> Observed:
    return launcher.observe([handle])[handle]


def exit_of(launcher: Launcher, handle: Handle) -> Exit:
    end = observe(launcher, handle).exit
    assert end is not None
    return end


def wait_for_end(launcher: Launcher, handle: Handle) -> Exit:
    wait_for(lambda: observe(launcher, handle).state is State.EXITED, "the process to end")
    return exit_of(launcher, handle)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
