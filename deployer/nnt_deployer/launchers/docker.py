"""Simulations as Docker containers, each of which sees its own run folder, its own datasets and the parser."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import LogConfig, Mount

from nnt_contract.environment import ASK, INSIST
from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import log_file, shim
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State, Usage
from nnt_deployer.launchers.waiting import wait

_INSTALLATION = "neural-net-tracker.installation"
# Docker forgets what a container printed together with the container.
_LOG_FOLDER = "/nnt-log"
_PRINTING_TO_A_FILE = ("sh", "-c", f'exec "$@" >> {_LOG_FOLDER}/{shim.LOG} 2>&1', "simulation")
_DEATH_DEADLINE_S = 10.0
_MAX_PROCESSES = 1024
_MIB = 2**20
_NANOSECONDS = 10**9
_STATES: Mapping[str, State] = {
    "running": State.ALIVE,
    "restarting": State.ALIVE,
    "paused": State.PAUSED,
    "exited": State.EXITED,
    "dead": State.EXITED,
    # "created" is not here: whoever made it was killed before starting it, and nothing runs yet.
}
# What Docker writes down for containers that were not running any more when it was started.
_LOST = 255
_KILLED_BY = 128  # plus the number of the signal


@dataclass(frozen=True)
class DockerOptions:
    folder: Path  # of the logs; it has the same path on the host and here
    image: str
    python: str  # in the image
    user: tuple[int, int]  # uid and gid that containers run as, and that own what they write
    parser: str = ""  # the container that simulations may reach; without one they reach nothing
    parser_name: str = "parser"  # by which they know it


class DockerLauncher:
    """A container's name says which process it is, a label whose; the folder keeps what it printed."""

    name = "docker"

    def __init__(self, client: DockerClient, options: DockerOptions) -> None:
        self._client = client
        self._options = options
        self.python = options.python

    def start(self, spec: ProcessSpec) -> None:
        try:
            container = self._find(spec.handle) or self._create(spec)
            if container.status == "created":
                container.start()
        except DockerException as error:
            raise LaunchFailed(f"Docker cannot start {spec.handle.name}: {_told(error)}") from error

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        states = self._states()
        return {handle: self._observed(handle, states.get(handle.name)) for handle in handles}

    def usage(self, handles: Sequence[Handle]) -> Mapping[Handle, Usage]:
        found = ((handle, self._usage_of(handle)) for handle in handles)
        return {handle: usage for handle, usage in found if usage is not None}

    def pause(self, handle: Handle) -> None:
        self._act(handle, lambda container: container.pause(), State.PAUSED)

    def resume(self, handle: Handle) -> None:
        self._act(handle, lambda container: container.unpause(), State.ALIVE)

    def ask(self, handle: Handle) -> None:
        self._signal(handle, ASK)

    def insist(self, handle: Handle) -> None:
        self._signal(handle, INSIST)

    def kill(self, handle: Handle) -> None:
        self._signal(handle, signal.SIGKILL)
        if not wait(lambda: not self.observe([handle])[handle].is_there, _DEATH_DEADLINE_S):
            raise LaunchFailed(
                f"{handle.name} did not die within {_DEATH_DEADLINE_S:.0f} s of SIGKILL"
            )

    def log_size(self, handle: Handle) -> int:
        return log_file.size(self._folder_of(handle))

    def read_log(self, handle: Handle, start: int, size: int) -> bytes:
        return log_file.read(self._folder_of(handle), start, size)

    def remove(self, handle: Handle) -> None:
        with suppress(NotFound):
            self._client.containers.get(handle.name).remove(force=True)
        for network in self._networks(handle):
            self._leave(network)
            network.remove()
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder_of(handle))

    def known(self) -> Iterator[Handle]:
        return (handle for name in self._states() if (handle := Handle.named(name)))

    # Making a container

    def _create(self, spec: ProcessSpec) -> Container:
        folder = self._folder_of(spec.handle)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for own in (folder, Path(spec.run_dir)):
            self._give_to_user(own)
        memory = f"{spec.memory_mb}m" if spec.memory_mb else None
        uid, gid = self._options.user
        return self._client.containers.create(
            self._options.image,
            [*_PRINTING_TO_A_FILE, *spec.command],
            name=spec.handle.name,
            labels=self._labels,
            environment=dict(spec.environment),
            working_dir=spec.run_dir,
            mounts=[
                _mount(str(folder), _LOG_FOLDER),
                _mount(spec.run_dir),
                *(_mount(path, read_only=True) for path in spec.reads),
                Mount("/tmp", None, type="tmpfs", tmpfs_size=64 * _MIB),  # the container's
            ],
            network=self._network_for(spec.handle),
            user=f"{uid}:{gid}",
            init=True,  # passes signals on, and reaps what the training leaves behind
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=_MAX_PROCESSES,
            mem_limit=memory,
            memswap_limit=memory,
            log_config=LogConfig(type="none"),
        )

    def _network_for(self, handle: Handle) -> str:
        """A network with nobody but the simulation and the parser: not even the host is on it."""
        if not self._options.parser:
            return "none"
        network = next(iter(self._networks(handle)), None)
        if network is None:
            network = self._client.networks.create(
                handle.name,
                internal=True,
                check_duplicate=True,
                options={"com.docker.network.bridge.inhibit_ipv4": "true"},
                labels=self._labels,
            )
        parser = self._client.containers.get(self._options.parser)
        network.reload()
        if parser.id not in network.attrs["Containers"]:
            network.connect(parser, aliases=[self._options.parser_name])
        return handle.name

    def _leave(self, network: Network) -> None:
        with suppress(NotFound):
            network.disconnect(self._options.parser, force=True)

    def _networks(self, handle: Handle) -> list[Network]:
        found = self._client.networks.list(names=[handle.name])
        return [network for network in found if network.name == handle.name]

    def _give_to_user(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, *self._options.user)

    # Looking at containers

    @property
    def _labels(self) -> dict[str, str]:
        return {_INSTALLATION: str(self._options.folder)}

    def _states(self) -> Mapping[str, str]:
        """Name -> state of every container that was made here, in one question."""
        [(label, value)] = self._labels.items()
        found = self._client.api.containers(all=True, filters={"label": f"{label}={value}"})
        return {one["Names"][0].lstrip("/"): one["State"] for one in found}

    def _find(self, handle: Handle) -> Container | None:
        try:
            return self._client.containers.get(handle.name)
        except NotFound:
            return None

    def _observed(self, handle: Handle, status: str | None) -> Observed:
        state = _STATES.get(status or "", State.GONE)
        if state is not State.EXITED:
            return Observed(state)
        container = self._find(handle)
        return (
            Observed(state, _exit(container.attrs["State"])) if container else Observed(State.GONE)
        )

    def _usage_of(self, handle: Handle) -> Usage | None:
        try:
            seen = self._client.api.stats(handle.name, stream=False, one_shot=True)
        except NotFound:
            return None
        memory = seen["memory_stats"]
        if "usage" not in memory:
            return None  # it is not there any more
        details = memory.get("stats", {})
        cached = details.get("total_inactive_file", details.get("inactive_file", 0))
        cpu_s = seen["cpu_stats"]["cpu_usage"]["total_usage"] / _NANOSECONDS
        return Usage(cpu_s, memory["usage"] - cached)

    # Acting on containers

    def _signal(self, handle: Handle, number: signal.Signals) -> None:
        # Of a paused container Docker takes no signal before it goes on.
        self.resume(handle)
        self._act(handle, lambda container: container.kill(number.name))

    def _act(
        self, handle: Handle, act: Callable[[Container], None], done: State | None = None
    ) -> None:
        """What is done already, or concerns nobody any more, is no failure."""
        container = self._find(handle)
        if container is None or _STATES.get(container.status) in (None, State.EXITED, done):
            return
        try:
            act(container)
        except NotFound:
            return
        except APIError as error:
            container = self._find(handle)
            if container and _STATES.get(container.status) not in (State.EXITED, done):
                raise LaunchFailed(f"Docker cannot change {handle.name}: {_told(error)}") from error

    def _folder_of(self, handle: Handle) -> Path:
        return self._options.folder / handle.name


def _mount(source: str, target: str | None = None, read_only: bool = False) -> Mount:
    return Mount(target or source, source, type="bind", read_only=read_only)


def _exit(state: Mapping[str, Any]) -> Exit:
    """How a container ended, in Docker's words."""
    at = datetime.fromisoformat(state["FinishedAt"][:19] + "+00:00")
    code, is_out_of_memory = state["ExitCode"], bool(state["OOMKilled"])
    if code == _LOST:
        return Exit(at=at)
    if code - _KILLED_BY in set(signal.Signals):
        return Exit(signal=code - _KILLED_BY, at=at, is_out_of_memory=is_out_of_memory)
    return Exit(code=code, at=at, is_out_of_memory=is_out_of_memory)


def _told(error: DockerException) -> str:
    return str(getattr(error, "explanation", None) or error)
