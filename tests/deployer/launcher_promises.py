"""What every launcher must keep: each launcher's test class inherits these."""

import signal
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import psutil
import pytest

from nnt_deployer.launchers.base import Exit, Handle, Launcher, Observed, State
from tests.conftest import wait_for

MakeLauncher = Callable[[], Launcher]


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
        make_launcher().kill(spec.handle)
        make_launcher().start(spec)
        assert observe(make_launcher(), spec.handle).state is State.EXITED

    def test_another_launcher_observes_and_ends_what_one_started(self, make_launcher, sleeper):
        make_launcher().start(sleeper)
        assert observe(make_launcher(), sleeper.handle).state is State.ALIVE
        make_launcher().kill(sleeper.handle)
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

    @pytest.mark.parametrize(("told", "number"), [("ask", "SIGTERM"), ("insist", "SIGINT")])
    @pytest.mark.parametrize("is_paused", [False, True])
    def test_a_process_hears_what_it_is_told_also_while_it_is_paused(
        self, make_launcher, spec_of, tmp_path, told, number, is_paused
    ):
        ready = tmp_path / "ready"
        spec = spec_of(
            "import signal, sys, time\n"
            f"signal.signal(signal.{number}, lambda *_: sys.exit(65))\n"
            f"open({str(ready)!r}, 'w')\n"
            "while True: time.sleep(0.05)"
        )
        make_launcher().start(spec)
        wait_for(ready.exists, "the process to be ready")
        if is_paused:
            make_launcher().pause(spec.handle)
        getattr(make_launcher(), told)(spec.handle)
        assert wait_for_end(make_launcher(), spec.handle).code == 65

    def test_what_does_not_listen_is_killed(self, launcher, spec_of, tmp_path):
        ready = tmp_path / "ready"
        spec = spec_of(
            "import signal, time\n"
            "for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\n"
            f"open({str(ready)!r}, 'w')\n"
            "time.sleep(600)"
        )
        launcher.start(spec)
        wait_for(ready.exists, "the process to be ready")
        launcher.ask(spec.handle)
        launcher.insist(spec.handle)
        assert observe(launcher, spec.handle).state is State.ALIVE
        launcher.kill(spec.handle)
        assert exit_of(launcher, spec.handle).signal == signal.SIGKILL

    def test_a_paused_process_computes_nothing_until_it_is_resumed(
        self, make_launcher, spec_of, tmp_path
    ):
        beats = tmp_path / "beats"
        spec = spec_of(
            f"import time\nwhile True: open({str(beats)!r}, 'a').write('x'); time.sleep(0.01)"
        )
        make_launcher().start(spec)
        wait_for(lambda: beats.exists() and beats.stat().st_size > 3, "the process to run")
        make_launcher().pause(spec.handle)
        make_launcher().pause(spec.handle)
        assert observe(make_launcher(), spec.handle).state is State.PAUSED
        paused_at = beats.stat().st_size
        make_launcher().observe([spec.handle])
        assert beats.stat().st_size == paused_at
        make_launcher().resume(spec.handle)
        make_launcher().resume(spec.handle)
        assert observe(make_launcher(), spec.handle).state is State.ALIVE
        wait_for(lambda: beats.stat().st_size > paused_at, "the process to go on")

    def test_a_paused_process_can_be_killed(self, launcher, sleeper):
        launcher.start(sleeper)
        launcher.pause(sleeper.handle)
        launcher.kill(sleeper.handle)
        assert exit_of(launcher, sleeper.handle).signal == signal.SIGKILL

    def test_what_is_done_to_a_process_that_is_gone_changes_nothing(self, launcher, spec_of):
        spec = spec_of("pass")
        launcher.start(spec)
        ended = wait_for_end(launcher, spec.handle)
        for handle in (spec.handle, Handle(uuid4(), 1)):
            for act in ("pause", "resume", "ask", "insist", "kill"):
                getattr(launcher, act)(handle)
        assert exit_of(launcher, spec.handle) == ended

    def test_usage_is_told_of_what_is_there_with_its_children(self, launcher, spec_of, tmp_path):
        ready = tmp_path / "ready"
        child = (
            f"memory = bytearray(2**27); open({str(ready)!r}, 'w'); import time; time.sleep(600)"
        )
        spec = spec_of(
            "import subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
            "while True: pass"
        )
        launcher.start(spec)
        wait_for(ready.exists, "the child to have its memory")
        unknown = Handle(uuid4(), 1)
        before = launcher.usage([spec.handle, unknown])
        assert unknown not in before
        assert before[spec.handle].memory_bytes > 2**27
        wait_for(
            lambda: (
                launcher.usage([spec.handle])[spec.handle].cpu_s > before[spec.handle].cpu_s + 0.1
            ),
            "processor time to be counted",
        )
        launcher.kill(spec.handle)
        assert launcher.usage([spec.handle]) == {}

    def test_everything_that_was_started_is_known_until_it_is_removed(
        self, make_launcher, spec_of, sleeper
    ):
        ended = spec_of("pass")
        for spec in (ended, sleeper):
            make_launcher().start(spec)
        wait_for_end(make_launcher(), ended.handle)
        assert set(make_launcher().known()) == {ended.handle, sleeper.handle}
        make_launcher().remove(ended.handle)
        assert set(make_launcher().known()) == {sleeper.handle}

    def test_no_child_of_the_process_survives_a_kill(self, launcher, spec_of, tmp_path):
        ready, mark = tmp_path / "ready", uuid4().hex
        child = f"open({str(ready)!r}, 'w'); import time; time.sleep(600)"
        spec = spec_of(
            "import subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-c', {child!r}, {mark!r}])\n"
            "time.sleep(600)"
        )
        launcher.start(spec)
        wait_for(ready.exists, "the child to run")
        assert len(processes_with(mark)) == 1
        launcher.kill(spec.handle)
        wait_for(lambda: not processes_with(mark), "the child to die")

    def test_a_process_that_was_killed_by_somebody_is_seen_as_killed(self, launcher, spec_of):
        spec = spec_of("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
        launcher.start(spec)
        assert wait_for_end(launcher, spec.handle).signal == signal.SIGKILL

    def test_what_it_printed_is_readable_after_its_end(self, launcher, spec_of):
        spec = spec_of(
            "import sys\nfor i in range(300): print('line', i)\nprint('last words', file=sys.stderr)"
        )
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        size = launcher.log_size(spec.handle)
        printed = launcher.read_log(spec.handle, 0, size)
        assert len(printed) == size
        assert sorted(printed.splitlines()) == sorted(
            [*(f"line {i}".encode() for i in range(300)), b"last words"]
        )
        assert launcher.read_log(spec.handle, 5, 7) == printed[5:12]
        assert launcher.read_log(spec.handle, size, 10) == b""

    def test_a_cleared_process_leaves_its_log_and_no_sign_of_life(self, make_launcher, spec_of):
        spec = spec_of("print('hello')")
        make_launcher().start(spec)
        wait_for_end(make_launcher(), spec.handle)
        make_launcher().clear(spec.handle)
        make_launcher().clear(spec.handle)
        assert not observe(make_launcher(), spec.handle).is_there
        assert make_launcher().read_log(spec.handle, 0, 9) == b"hello\n"
        make_launcher().remove(spec.handle)
        assert make_launcher().log_size(spec.handle) == 0

    def test_mending_where_nothing_is_wrong_changes_nothing(self, make_launcher, spec_of, sleeper):
        ended = spec_of("print('hello')")
        for spec in (ended, sleeper):
            make_launcher().start(spec)
        end = wait_for_end(make_launcher(), ended.handle)
        make_launcher().mend()
        assert exit_of(make_launcher(), ended.handle) == end
        assert observe(make_launcher(), sleeper.handle).state is State.ALIVE
        assert make_launcher().read_log(ended.handle, 0, 9) == b"hello\n"

    def test_who_asks_for_a_graphics_processor_is_started_where_there_is_none(
        self, launcher, spec_of
    ):
        if launcher.has_gpu():
            pytest.skip("this machine has one")
        spec = replace(spec_of("import sys; sys.exit(3)"), gpu=True)
        launcher.start(spec)
        assert wait_for_end(launcher, spec.handle).code == 3

    def test_a_process_without_network_runs_to_its_end(self, launcher, spec_of):
        spec = replace(spec_of("print('hello')"), network=False)
        launcher.start(spec)
        assert wait_for_end(launcher, spec.handle).code == 0
        assert launcher.read_log(spec.handle, 0, 9) == b"hello\n"

    def test_a_removed_process_is_gone_with_its_log(self, launcher, spec_of):
        spec = spec_of("print('hello')")
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        launcher.remove(spec.handle)
        launcher.remove(spec.handle)
        assert observe(launcher, spec.handle).state is State.GONE
        assert (launcher.log_size(spec.handle), launcher.read_log(spec.handle, 0, 9)) == (0, b"")

    def test_the_process_sees_the_environment_it_was_given_and_no_other(
        self, launcher, spec_of, monkeypatch
    ):
        monkeypatch.setenv("NNT_TOKEN_SECRET", "a secret of the deployer")
        spec = spec_of("import os\nprint(sorted(os.environ))")
        launcher.start(spec)
        wait_for_end(launcher, spec.handle)
        assert b"NNT_TOKEN_SECRET" not in launcher.read_log(spec.handle, 0, 10_000)


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


def processes_with(mark: str) -> list[int]:
    """The pids of this machine's processes, in whatever container, that have it among their arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.cmdline():
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
