"""What the Docker launcher says of an engine that is stopped, killed and started again: one of the test's own."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from nnt_contract.environment import EXIT_STOPPED
from nnt_deployer.errors import NotReady
from nnt_deployer.launchers import docker_engine
from nnt_deployer.launchers.base import Exit, Handle, ProcessSpec, State
from nnt_deployer.launchers.docker import DockerLauncher, DockerOptions
from nnt_deployer.lifecycle import describe_exit
from tests.conftest import wait_for
from tests.deployer.launcher_promises import exit_of, observe
from tests.deployer.own_engine import SHELL, OwnEngine

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

OBEYING = f"trap 'exit {EXIT_STOPPED}' TERM; echo ready; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
PLAIN = "echo ready; exec sleep 600"
RESTARTED = "its process disappeared: Docker or the machine was restarted"


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    own = OwnEngine()
    try:
        own.start()
        own.load_shell()
        yield own
    finally:
        own.close()


@pytest.fixture(autouse=True)
def leave_no_socket_of_the_sdk() -> Iterator[None]:
    """It does not close those with which it found nobody."""
    yield
    gc.collect()


@pytest.fixture
def make_launcher(
    engine: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], DockerLauncher]:
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    options = DockerOptions(tmp_path / "processes", SHELL, "sh", (10_001, 10_001))
    return lambda: DockerLauncher(options, docker_engine.connect)


@pytest.fixture
def launcher(make_launcher: Callable[[], DockerLauncher]) -> DockerLauncher:
    return make_launcher()


@pytest.fixture
def spec_of(tmp_path: Path) -> Callable[[str], ProcessSpec]:
    def make(script: str) -> ProcessSpec:
        return ProcessSpec(Handle(uuid4(), 1), ("sh", "-c", script), {}, str(tmp_path))

    return make


@pytest.fixture
def started(
    launcher: DockerLauncher, spec_of: Callable[[str], ProcessSpec]
) -> Callable[[str], Handle]:
    def start(script: str) -> Handle:
        spec = spec_of(script)
        launcher.start(spec)
        wait_for(lambda: launcher.log_size(spec.handle), "its first words")
        return spec.handle

    return start


def test_what_ends_with_an_engine_that_is_stopped_was_asked_or_lost_and_not_killed(
    engine, launcher, started
):
    obeying, deaf, plain, paused = (started(script) for script in (OBEYING, DEAF, PLAIN, PLAIN))
    launcher.pause(paused)
    engine.stop()
    engine.start()
    assert exit_of(launcher, obeying).code == EXIT_STOPPED
    told = [describe_exit(exit_of(launcher, handle)) for handle in (deaf, plain, paused)]
    assert told == [RESTARTED] * 3


def test_what_ends_with_an_engine_that_is_killed_was_asked_or_lost_when_it_is_back(
    engine, launcher, started
):
    obeying, plain = started(OBEYING), started(PLAIN)
    engine.kill()
    engine.start()
    assert exit_of(launcher, obeying).code == EXIT_STOPPED
    assert describe_exit(exit_of(launcher, plain)) == RESTARTED


def test_what_ends_with_the_machine_was_lost(engine, launcher, started):
    handles = [started(OBEYING), started(PLAIN)]
    engine.cut_power()
    engine.start()
    assert [describe_exit(exit_of(launcher, handle)) for handle in handles] == [RESTARTED] * 2


def test_what_is_killed_by_hand_or_ends_by_itself_was_not_lost(engine, launcher, started):
    killed, ended = started(PLAIN), started("echo ready; exit 255")
    with engine.client() as client:
        client.containers.get(killed.name).kill("SIGKILL")
    wait_for(lambda: observe(launcher, ended).state is State.EXITED, "it to end")
    at = [exit_of(launcher, handle).at for handle in (killed, ended)]
    assert exit_of(launcher, killed) == Exit(signal=9, at=at[0])
    assert exit_of(launcher, ended) == Exit(code=255, at=at[1])


def test_an_engine_that_is_away_is_not_taken_for_an_answer_and_is_found_when_it_is_back(
    engine, make_launcher, started, spec_of
):
    known, waiting = started(OBEYING), spec_of(PLAIN)
    connected = make_launcher()
    assert observe(connected, known).state is State.ALIVE
    engine.stop()
    for launcher in (connected, make_launcher()):
        for verb in ("pause", "resume", "ask", "insist", "kill", "remove"):
            with pytest.raises(NotReady, match="Docker does not answer"):
                getattr(launcher, verb)(known)
        for look in (launcher.known, launcher.has_gpu):
            with pytest.raises(NotReady):
                look()
        for look_at in (launcher.observe, launcher.usage):
            with pytest.raises(NotReady):
                look_at([known])
        with pytest.raises(NotReady):
            launcher.start(waiting)
        assert launcher.read_log(known, 0, 100) == b"ready\n"
        assert launcher.log_size(known) == 6
    engine.start()
    connected.start(waiting)
    assert observe(connected, waiting.handle).state is State.ALIVE
    assert exit_of(connected, known).code == EXIT_STOPPED


def test_what_finds_no_addresses_for_its_network_waits_for_them(
    engine, make_launcher, spec_of, tmp_path
):
    with engine.client() as client:
        client.containers.create(SHELL, ["sleep", "600"], name="the-parser")
    options = DockerOptions(tmp_path / "processes", SHELL, "sh", (10_001, 10_001), "the-parser")
    launcher = DockerLauncher(options, docker_engine.connect)
    specs = [spec_of(PLAIN) for _ in range(4)]
    for spec in specs[:3]:
        launcher.start(spec)
    with pytest.raises(NotReady, match="no addresses left"):
        launcher.start(specs[3])
    launcher.kill(specs[0].handle)
    launcher.mend()
    launcher.start(specs[3])
    assert observe(launcher, specs[3].handle).state is State.ALIVE
