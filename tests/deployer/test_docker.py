"""The Docker launcher keeps a launcher's promises, on a real engine, and its own about what a container can do."""

import ast
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import docker
import psutil
import pytest
from docker.errors import ImageNotFound

from nnt_deployer.launchers.base import Handle, ProcessSpec, State
from nnt_deployer.launchers.docker import DockerLauncher, DockerOptions
from tests.conftest import require, wait_for
from tests.deployer.launcher_promises import (
    LauncherPromises,
    MakeLauncher,
    observe,
    wait_for_end,
)

# Any image with a shell and Python.
IMAGE = os.environ.get("NNT_TEST_IMAGE", "nnt-simulation")
PYTHON = os.environ.get("NNT_TEST_IMAGE_PYTHON", "python3")
ENGINE = "/var/run/docker.sock"
USER = (10_001, 10_001)
MIB = 2**20

pytestmark = [pytest.mark.timeout(120)]

SpecOf = Callable[..., ProcessSpec]


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    if not answers(ENGINE):
        require("docker", f"no Docker engine answers at {ENGINE}")
    with closing(docker.DockerClient(f"unix://{ENGINE}")) as client:
        try:
            client.images.get(IMAGE)
        except ImageNotFound:
            require("docker", f"there is no image {IMAGE} (NNT_TEST_IMAGE)")
        yield client


def answers(path: str) -> bool:
    # Before the SDK is asked, which leaves a socket open where nobody answers.
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(path)
        except OSError:
            return False
    return True


@pytest.fixture
def options(tmp_path: Path) -> DockerOptions:
    return DockerOptions(tmp_path / "processes", IMAGE, PYTHON, USER)


@pytest.fixture
def make_launcher(engine: docker.DockerClient, options: DockerOptions) -> MakeLauncher:
    return lambda: DockerLauncher(engine, options)


@pytest.fixture
def spec_of(tmp_path: Path, make_launcher: MakeLauncher) -> Iterator[SpecOf]:
    made: list[Handle] = []

    def make(python: str, **more: object) -> ProcessSpec:
        handle = Handle(uuid4(), 1)
        made.append(handle)
        command = (PYTHON, "-u", "-c", python)
        return ProcessSpec(handle, command, {"HOME": str(tmp_path)}, str(tmp_path), **more)  # type: ignore[arg-type]

    yield make
    for handle in made:
        make_launcher().remove(handle)


@pytest.fixture
def sleeper(spec_of: SpecOf) -> ProcessSpec:
    return spec_of("import time; time.sleep(600)")


@pytest.fixture
def told(spec_of: SpecOf, make_launcher: MakeLauncher):
    """The Python literal that a program prints, in a container of its own."""

    def run(python: str, **more: object):
        spec = spec_of(python, **more)
        make_launcher().start(spec)
        wait_for_end(make_launcher(), spec.handle)
        printed = make_launcher().read_log(spec.handle, 0, MIB)
        return ast.literal_eval(printed.decode())

    return run


class TestDockerLauncher(LauncherPromises):
    def test_a_container_that_was_made_and_never_started_is_started(
        self, make_launcher, sleeper, engine, monkeypatch
    ):
        """The deployer was killed in between."""
        with monkeypatch.context() as patched:
            patched.setattr(
                "docker.models.containers.Container.start",
                lambda self: (_ for _ in ()).throw(OSError),
            )
            with pytest.raises(OSError):
                make_launcher().start(sleeper)
        assert observe(make_launcher(), sleeper.handle).state is State.GONE
        make_launcher().start(sleeper)
        assert observe(make_launcher(), sleeper.handle).state is State.ALIVE

    def test_a_container_that_was_removed_by_hand_is_gone_and_its_log_is_not(
        self, launcher, spec_of, engine
    ):
        spec = spec_of("print('hello', flush=True)\nimport time; time.sleep(600)")
        launcher.start(spec)
        wait_for(lambda: launcher.log_size(spec.handle), "its first words")
        engine.containers.get(spec.handle.name).remove(force=True)
        assert observe(launcher, spec.handle).state is State.GONE
        assert launcher.read_log(spec.handle, 0, 100) == b"hello\n"

    def test_one_that_needs_more_memory_than_it_may_have_ends_with_that_reason(
        self, launcher, spec_of
    ):
        spec = spec_of("x = bytearray(512 * 2**20)\nimport time; time.sleep(600)", memory_mb=64)
        launcher.start(spec)
        assert wait_for_end(launcher, spec.handle).is_out_of_memory

    def test_it_sees_its_own_files_and_nothing_else(self, told, tmp_path):
        dataset = tmp_path.parent / f"{uuid4().hex}.npz"
        dataset.write_text("data")
        (tmp_path.parent / "another").write_text("somebody else's")
        seen = told(
            "mounts = [line.split()[4] for line in open('/proc/self/mountinfo')]\nprint(mounts)",
            reads=(str(dataset),),
        )
        ours = {path for path in seen if not path.startswith(("/proc", "/sys", "/dev"))}
        docker_s_own = {
            "/",
            "/usr/sbin/docker-init",
            "/sbin/docker-init",
            "/etc/resolv.conf",
            "/etc/hostname",
            "/etc/hosts",
        }
        assert ours - docker_s_own == {str(tmp_path), str(dataset), "/nnt-log", "/tmp"}

    def test_it_can_neither_write_nor_become_more_than_it_is(self, told, tmp_path):
        dataset = tmp_path.parent / f"{uuid4().hex}.npz"
        dataset.write_text("data")
        dataset.chmod(0o666)
        seen = told(
            "import os\n"
            "def writes(path):\n"
            "    try: open(path, 'a').close()\n"
            "    except OSError: return False\n"
            "    return True\n"
            "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
            "print({\n"
            "    'user': [os.getuid(), os.getgid()],\n"
            "    'capabilities': int(status['CapEff'], 16) | int(status['CapBnd'], 16),\n"
            "    'privileges': status['NoNewPrivs'].strip(),\n"
            f"    'writes': [p for p in ('/usr/x', {str(dataset)!r}, './x', '/tmp/x') if writes(p)],\n"
            "})",
            reads=(str(dataset),),
        )
        assert seen == {
            "user": list(USER),
            "capabilities": 0,
            "privileges": "1",
            "writes": ["./x", "/tmp/x"],
        }


_ANSWERING = (
    "import socket\ndoor = socket.create_server(('', 6000))\nwhile True: door.accept()[0].close()"
)
_WHO_ANSWERS = """
import socket
def answers(address):
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True
print([address for address in %r if answers(address)])
"""


@pytest.fixture
def parser(engine):
    """A container that listens where the parser does, on the network that everybody is on by default."""
    container = engine.containers.run(
        IMAGE, [PYTHON, "-c", _ANSWERING], name=f"nnt-test-parser-{uuid4().hex}", detach=True
    )
    yield container
    container.remove(force=True)


def test_nobody_but_the_parser_answers_a_simulation(
    engine, options, parser, spec_of, make_launcher
):
    launcher = DockerLauncher(engine, replace(options, parser=parser.name))
    another, asking = spec_of(_ANSWERING), spec_of(_WHO_ANSWERS)
    with socket.create_server(("", 0)) as host:
        port = host.getsockname()[1]
        launcher.start(another)
        engine.containers.get(another.handle.name).reload()
        networks = engine.containers.get(another.handle.name).attrs["NetworkSettings"]["Networks"]
        addresses = [
            ("parser", 6000),
            *((network["IPAddress"], 6000) for network in networks.values()),
            *((network["Gateway"] or "127.0.0.1", port) for network in networks.values()),
            *((address, port) for address in host_addresses()),
            (another.handle.name, 6000),
            ("1.1.1.1", 53),
        ]
        program = (*asking.command[:-1], _WHO_ANSWERS % addresses)
        launcher.start(replace(asking, command=program))
        wait_for_end(launcher, asking.handle)
    printed = launcher.read_log(asking.handle, 0, MIB).decode()
    assert ast.literal_eval(printed) == [("parser", 6000)]
    for spec in (another, asking):
        launcher.remove(spec.handle)
        assert engine.networks.list(names=[spec.handle.name]) == []
    parser.reload()
    assert set(parser.attrs["NetworkSettings"]["Networks"]) == {"bridge"}


def host_addresses() -> list[str]:
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family is socket.AF_INET
    ]
