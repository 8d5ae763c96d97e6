"""The Docker launcher keeps a launcher's promises, on a real engine, and its own about what a container can do."""

import ast
from dataclasses import replace
from uuid import uuid4

import pytest

from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers.base import ProcessSpec, State
from nnt_deployer.launchers.docker import DockerLauncher
from tests.conftest import wait_for
from tests.deployer.containers import (
    MIB,
    USER,
    SpecOf,
    engine,
    make_launcher,
    options,
    spec_of,
)
from tests.deployer.launcher_promises import (
    LauncherPromises,
    MakeLauncher,
    observe,
    wait_for_end,
)

__all__ = ["engine", "make_launcher", "options", "spec_of"]

pytestmark = [pytest.mark.timeout(120)]


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

    def test_an_image_that_is_not_there_is_told_with_what_to_do(self, engine, options, sleeper):
        launcher = DockerLauncher(replace(options, image="nnt-no-such-image"), lambda: engine)
        with pytest.raises(
            LaunchFailed, match=r"nnt-no-such-image.*docker compose build.*NNT_DOCKER_IMAGE"
        ):
            launcher.start(sleeper)

    def test_who_asks_for_a_graphics_processor_asks_the_engine_that_has_one(
        self, engine, options, sleeper, monkeypatch
    ):
        """This one has none: that it is asked is seen, not what it gives."""
        monkeypatch.setattr(engine, "info", lambda: {"Runtimes": {"nvidia": {}}})
        launcher = DockerLauncher(options, lambda: engine)
        assert launcher.has_gpu()
        with pytest.raises(LaunchFailed, match="gpu"):
            launcher.start(replace(sleeper, gpu=True))
        made = engine.containers.get(sleeper.handle.name).attrs["HostConfig"]
        [request] = made["DeviceRequests"]
        assert (request["Count"], request["Capabilities"]) == (-1, [["gpu"]])

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
            "mounts = {line.split()[4]: line.split()[5].split(',') for line in open('/proc/self/mountinfo')}\n"
            "print({\n"
            "    'user': [os.getuid(), os.getgid(), *set(os.getgroups())],\n"
            "    'system calls': status['Seccomp'].strip(),\n"
            "    'tmp': sorted({'noexec', 'nosuid', 'nodev'} & set(mounts['/tmp'])),\n"
            "    'name': os.uname().nodename,\n"
            "    'core': [line.split()[4:6] for line in open('/proc/self/limits') if 'core' in line],\n"
            "    'capabilities': int(status['CapEff'], 16) | int(status['CapBnd'], 16),\n"
            "    'privileges': status['NoNewPrivs'].strip(),\n"
            f"    'writes': [p for p in ('/usr/x', {str(dataset)!r}, './x', '/tmp/x') if writes(p)],\n"
            "})",
            reads=(str(dataset),),
        )
        assert seen == {
            "user": [*USER, USER[1]],
            "system calls": "2",  # filtered
            "tmp": ["nodev", "noexec", "nosuid"],
            "name": "simulation",
            "core": [["0", "0"]],
            "capabilities": 0,
            "privileges": "1",
            "writes": ["./x", "/tmp/x"],
        }
