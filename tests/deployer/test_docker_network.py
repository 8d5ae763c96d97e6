"""Whom a simulation reaches from its container, on a real engine, and what becomes of its network."""

import ast
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import docker
import psutil
import pytest
from docker.models.containers import Container
from docker.models.networks import Network

from nnt_deployer.errors import NotReady
from nnt_deployer.launchers import docker_network
from nnt_deployer.launchers.base import Handle, State
from nnt_deployer.launchers.docker import DockerLauncher
from tests.conftest import wait_for
from tests.deployer.containers import (
    IMAGE,
    MIB,
    PYTHON,
    engine,
    make_launcher,
    options,
    spec_of,
)
from tests.deployer.launcher_promises import (
    observe,
    wait_for_end,
)

__all__ = ["engine", "make_launcher", "options", "spec_of"]

pytestmark = [pytest.mark.timeout(120)]

_ANSWERING = (
    "import socket\ndoor = socket.create_server(('', 6000))\nwhile True: door.accept()[0].close()"
)
_WHO_ANSWERS = """
import os, socket
from threading import Thread
answering = []
def knock(address):
    try:
        socket.create_connection(address, 2).close()
    except OSError:
        return
    answering.append(address)
knocking = [Thread(target=knock, args=[address]) for address in %r]
for thread in knocking: thread.start()
for thread in knocking: thread.join()
print(answering)
print([path for path in ('/var/run/docker.sock', '/run/docker.sock') if os.path.exists(path)])
print([line.split()[-1] for line in open('/proc/net/if_inet6')])
"""
_ASKING_THE_PARSER = """
import socket, time
while True:
    try:
        socket.create_connection(('parser', 6000), 1).close()
    except OSError:
        open('unheard', 'w').close()
    else:
        open('heard', 'w').close()
    time.sleep(0.05)
"""
SERVICES = ("redis", "timescaledb", "deployer", "server")


@pytest.fixture
def start_parser(engine) -> Iterator[Callable[[], Container]]:
    """Starts a container that listens where the parser does, in place of the one before, as an upgrade does."""
    name = f"nnt-test-parser-{uuid4().hex}"
    inside = engine.networks.create(f"nnt-test-inside-{uuid4().hex}")
    neighbour = engine.containers.create(
        IMAGE, [PYTHON, "-c", _ANSWERING], name=f"nnt-test-neighbour-{uuid4().hex}"
    )
    inside.connect(neighbour, aliases=list(SERVICES))
    neighbour.start()
    made = [neighbour]

    def start() -> Container:
        if len(made) > 1:
            made.pop().remove(force=True)
        parser: Container = engine.containers.run(
            IMAGE, [PYTHON, "-c", _ANSWERING], name=name, network=inside.name, detach=True
        )
        made.append(parser)
        return parser

    yield start
    for container in made:
        container.remove(force=True)
    inside.remove()


@pytest.fixture
def parser(start_parser: Callable[[], Container]) -> Container:
    return start_parser()


@pytest.fixture
def connected(engine, options, parser, spec_of) -> DockerLauncher:
    """One whose simulations reach the parser. It depends on `spec_of`, whose containers go before the parser."""
    return DockerLauncher(replace(options, parser=parser.name), lambda: engine)


def test_what_is_to_reach_nobody_has_no_network_and_does_not_reach_the_parser(
    engine, connected, parser, spec_of
):
    addresses = [(one["IPAddress"], 6000) for one in networks_of(engine, parser.name).values()]
    spec = replace(spec_of(_WHO_ANSWERS % [("parser", 6000), *addresses]), network=False)
    connected.start(spec)
    assert set(networks_of(engine, spec.handle.name)) == {docker_network.NO_NETWORK}
    wait_for_end(connected, spec.handle)
    assert connected.read_log(spec.handle, 0, 10_000).splitlines()[0] == b"[]"
    assert engine.networks.list(names=[spec.handle.name]) == []


def test_nobody_but_the_parser_answers_a_simulation(engine, connected, parser, spec_of):
    another, asking = spec_of(_ANSWERING), spec_of(_WHO_ANSWERS)
    with socket.create_server(("", 0)) as host:
        port = host.getsockname()[1]
        connected.start(another)
        networks = networks_of(engine, another.handle.name)
        services = networks_of(engine, parser.name)
        addresses = [
            ("parser", 6000),
            *((network["IPAddress"], 6000) for network in networks.values()),
            *((network["Gateway"] or "127.0.0.1", port) for network in networks.values()),
            *((network["Gateway"], port) for network in services.values()),
            *((network["IPAddress"], 6000) for network in services.values()),
            *((address, port) for address in host_addresses()),
            *((name, 6000) for name in (*SERVICES, another.handle.name)),
            ("host.docker.internal", port),
            ("169.254.169.254", 80),
            ("1.1.1.1", 53),
        ]
        program = (*asking.command[:-1], _WHO_ANSWERS % addresses)
        connected.start(replace(asking, command=program))
        wait_for_end(connected, asking.handle)
    printed = connected.read_log(asking.handle, 0, MIB).decode().splitlines()
    answering, sockets, ipv6 = (ast.literal_eval(line) for line in printed)
    assert answering == [("parser", 6000)]
    assert sockets == [] and ipv6 == []


def test_a_network_goes_with_its_container(engine, connected, parser, spec_of):
    specs = [spec_of("import time; time.sleep(600)") for _ in range(2)]
    for spec in specs:
        connected.start(spec)
    before = set(networks_of(engine, parser.name))
    removed, ended = (spec.handle for spec in specs)
    connected.remove(removed)
    connected.kill(ended)
    connected.mend()
    assert networks_named(engine, removed) == networks_named(engine, ended) == []
    assert set(networks_of(engine, parser.name)) == before - {removed.name, ended.name}


def test_a_parser_that_was_replaced_is_heard_again_once_that_is_mended(
    connected, start_parser, spec_of, tmp_path
):
    spec = spec_of(_ASKING_THE_PARSER)
    connected.start(spec)
    wait_for((tmp_path / "heard").exists, "the parser's answer")
    start_parser()
    (tmp_path / "unheard").unlink(missing_ok=True)
    wait_for((tmp_path / "unheard").exists, "the parser to be missed")
    (tmp_path / "heard").unlink()
    connected.mend()
    connected.mend()
    wait_for((tmp_path / "heard").exists, "the new parser's answer")


def test_while_the_parser_is_not_there_nothing_is_started_and_nothing_fails(
    connected, parser, start_parser, spec_of
):
    running, waiting = spec_of("import time; time.sleep(600)"), spec_of("pass")
    connected.start(running)
    parser.stop(timeout=0)
    parser.rename(f"{parser.name}-old")
    for verb in (connected.mend, lambda: connected.start(waiting)):
        with pytest.raises(NotReady, match=r"the parser's container .* is not there"):
            verb()
    assert observe(connected, running.handle).state is State.ALIVE
    start_parser()
    connected.mend()
    connected.start(waiting)
    wait_for_end(connected, waiting.handle)


def test_a_network_that_waits_for_its_container_is_left_alone_until_that_cannot_come_any_more(
    engine, connected, parser, spec_of, monkeypatch
):
    spec = spec_of("import time; time.sleep(600)")
    with monkeypatch.context() as patched:
        patched.setattr(type(engine.containers), "create", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            connected.start(spec)
    connected.mend()
    assert len(networks_named(engine, spec.handle)) == 1
    monkeypatch.setattr(docker_network, "_STARTING", timedelta(0))
    connected.mend()
    assert networks_named(engine, spec.handle) == []


def test_a_network_whose_container_was_removed_by_hand_goes_in_the_end(
    engine, connected, parser, spec_of, monkeypatch
):
    spec = spec_of("import time; time.sleep(600)")
    connected.start(spec)
    engine.containers.get(spec.handle.name).remove(force=True)
    monkeypatch.setattr(docker_network, "_STARTING", timedelta(0))
    connected.mend()
    assert networks_named(engine, spec.handle) == []
    assert spec.handle.name not in networks_of(engine, parser.name)


def test_where_nothing_is_wrong_mending_asks_three_questions(
    engine, connected, spec_of, monkeypatch
):
    for _ in range(2):
        connected.start(spec_of("import time; time.sleep(600)"))
    methods, send = [], engine.api.send

    def counted(request, **more):
        methods.append(request.method)
        return send(request, **more)

    monkeypatch.setattr(engine.api, "send", counted)
    connected.mend()
    assert methods == ["GET"] * 3


def networks_of(engine: docker.DockerClient, container: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = engine.containers.get(container).attrs["NetworkSettings"][
        "Networks"
    ]
    return found


def networks_named(engine: docker.DockerClient, handle: Handle) -> list[Network]:
    return engine.networks.list(names=[handle.name])


def host_addresses() -> list[str]:
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family is socket.AF_INET
    ]
