"""Simulations as Docker containers, each of which sees its own run folder, its own datasets and the parser."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.containers import Container

from nnt_contract.environment import ASK, INSIST
from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers import docker_container, docker_engine, log_file
from nnt_deployer.launchers.base import Handle, Observed, ProcessSpec, State, Usage
from nnt_deployer.launchers.docker_container import STATES, Surroundings
from nnt_deployer.launchers.docker_engine import asking
from nnt_deployer.launchers.docker_network import NO_NETWORK, Networks
from nnt_deployer.launchers.waiting import wait

_INSTALLATION = "neural-net-tracker.installation"
_DEATH_DEADLINE_S = 10.0
_NANOSECONDS = 10**9


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

    def __init__(
        self, options: DockerOptions, connect: Callable[[], DockerClient] = docker_engine.connect
    ) -> None:
        """`connect` is called when the engine is first asked: whoever only reads logs needs none."""
        self._connect = connect
        self._options = options
        self.python = options.python

    @asking()
    def start(self, spec: ProcessSpec) -> None:
        try:
            container = self._find(spec.handle)
            if container is not None and container.status == "created":
                container.remove()  # its network may be older than the parser's container
                container = None
            if container is None:
                self._create(spec).start()
        except ImageNotFound as error:
            raise LaunchFailed(
                f"there is no image {self._options.image}: build it (docker compose build simulation)"
                " or name another (NNT_DOCKER_IMAGE)"
            ) from error
        except APIError as error:
            raise LaunchFailed(f"Docker cannot start {spec.handle.name}: {_told(error)}") from error

    @asking()
    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        found = self._states()
        states = {handle: STATES.get(found.get(handle.name, ""), State.GONE) for handle in handles}
        has_ended = State.EXITED in states.values()
        engine_started = self._engine_started() if has_ended else None
        return {
            handle: self._ended(handle, engine_started)
            if state is State.EXITED
            else Observed(state)
            for handle, state in states.items()
        }

    @asking()
    def usage(self, handles: Sequence[Handle]) -> Mapping[Handle, Usage]:
        found = ((handle, self._usage_of(handle)) for handle in handles)
        return {handle: usage for handle, usage in found if usage is not None}

    @asking()
    def pause(self, handle: Handle) -> None:
        self._act(handle, lambda container: container.pause(), State.PAUSED)

    @asking()
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

    @asking()
    def clear(self, handle: Handle) -> None:
        with suppress(NotFound):
            self._client.containers.get(handle.name).remove(force=True)
        self._networks.remove(handle)

    def remove(self, handle: Handle) -> None:
        self.clear(handle)
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder_of(handle))

    @asking()
    def known(self) -> Iterator[Handle]:
        found = [Handle.named(name) for name in self._states()]
        return (handle for handle in found if handle is not None)

    @asking()
    def mend(self) -> None:
        if self._options.parser:
            self._networks.mend(self._states())

    @asking()
    def has_gpu(self) -> bool:
        return docker_container.gpu_request(self._client.info()) is not None

    # Making a container

    def _create(self, spec: ProcessSpec) -> Container:
        folder = self._folder_of(spec.handle)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for own in (folder, Path(spec.run_dir)):
            self._give_to_user(own)
        around = Surroundings(
            image=self._options.image,
            user=self._options.user,
            log_folder=folder,
            network=self._networks.make(spec.handle) if spec.network else NO_NETWORK,
            labels=self._labels,
            gpu=docker_container.gpu_request(self._client.info()) if spec.gpu else None,
        )
        return self._client.containers.create(**docker_container.options(spec, around))

    def _give_to_user(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, *self._options.user)

    # Looking at containers

    @cached_property
    def _client(self) -> DockerClient:
        return self._connect()

    @property
    def _networks(self) -> Networks:
        return Networks(self._client, self._labels, self._options.parser, self._options.parser_name)

    @property
    def _labels(self) -> dict[str, str]:
        return {_INSTALLATION: str(self._options.folder)}

    def _states(self) -> Mapping[str, str]:
        """Name -> state of every container that was made here, in one question."""
        [(label, value)] = self._labels.items()
        found = self._client.api.containers(all=True, filters={"label": f"{label}={value}"})
        return {one["Names"][0].lstrip("/"): one["State"] for one in found}

    def _engine_started(self) -> datetime | None:
        """When the engine was last started; None where it cannot be known.

        It does not tell. But where no container outlives it, it makes its default network anew.
        """
        try:
            default = self._client.api.inspect_network("bridge")
        except NotFound:
            return None
        return docker_container.moment(default["Created"])

    def _find(self, handle: Handle) -> Container | None:
        try:
            return self._client.containers.get(handle.name)
        except NotFound:
            return None

    def _ended(self, handle: Handle, engine_started: datetime | None) -> Observed:
        container = self._find(handle)
        if container is None:
            return Observed(State.GONE)
        exit = docker_container.exit_of(container.attrs["State"], engine_started)
        return Observed(State.EXITED, exit)

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

    @asking()
    def _signal(self, handle: Handle, number: signal.Signals) -> None:
        # Of a paused container Docker takes no signal before it goes on.
        self.resume(handle)
        self._act(handle, lambda container: container.kill(number.name))

    def _act(
        self, handle: Handle, act: Callable[[Container], None], done: State | None = None
    ) -> None:
        """What is done already, or concerns nobody any more, is no failure."""
        container = self._find(handle)
        if container is None or STATES.get(container.status) in (None, State.EXITED, done):
            return
        try:
            act(container)
        except NotFound:
            return
        except APIError as error:
            container = self._find(handle)
            if container and STATES.get(container.status) not in (State.EXITED, done):
                raise LaunchFailed(f"Docker cannot change {handle.name}: {_told(error)}") from error

    def _folder_of(self, handle: Handle) -> Path:
        return self._options.folder / handle.name


def _told(error: APIError) -> str:
    return str(error.explanation or error)
