"""The network of each simulation, in which is nobody but its container and the parser's."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from nnt_deployer.errors import NotReady
from nnt_deployer.launchers.base import Handle, State
from nnt_deployer.launchers.docker_container import STATES, moment

NO_NETWORK = "none"  # Docker's own name of no network at all
_NO_ADDRESSES = "address pool"  # in what Docker says when it has given all its addresses away
# Between the making of a network and of its container; whatever is older waits for none any more.
_STARTING = timedelta(minutes=5)


class Networks:
    def __init__(
        self, client: DockerClient, labels: Mapping[str, str], parser: str, parser_name: str
    ) -> None:
        """`parser`: the container that simulations reach under `parser_name`; empty: they reach nothing."""
        self._client = client
        self._labels = dict(labels)
        self._parser = parser
        self._parser_name = parser_name

    def make(self, handle: Handle) -> str:
        """A new network for a container that is made next; returns its name. Raises NotReady."""
        if not self._parser:
            return NO_NETWORK
        self.remove(handle)  # what a start left that was interrupted is too old to be waited for
        parser = self._find_parser()
        try:
            network = self._client.networks.create(
                handle.name,
                internal=True,
                check_duplicate=True,
                # Without it the host is in the network too, and with it every other simulation.
                options={"com.docker.network.bridge.inhibit_ipv4": "true"},
                labels=self._labels,
            )
        except APIError as error:
            if _NO_ADDRESSES in str(error.explanation):
                raise NotReady("Docker has no addresses left for another network") from error
            raise
        self._admit(parser, network)
        return handle.name

    def remove(self, handle: Handle) -> None:
        for network in self._client.networks.list(names=[handle.name]):
            if network.name == handle.name:
                _remove(network)

    def mend(self, containers: Mapping[str, str]) -> None:
        """Lets a parser that came back in again, and removes the networks that nobody will use any more.

        `containers`: name -> Docker's word for its state. Raises NotReady while the parser is not there.
        """
        labels = [f"{label}={value}" for label, value in self._labels.items()]
        used = []
        for network in self._client.networks.list(filters={"label": labels}):
            state = STATES.get(containers.get(str(network.name), ""), State.GONE)
            if state in (State.ALIVE, State.PAUSED):
                used.append(network)
            elif state is State.EXITED or _age(network) > _STARTING:
                _remove(network)
        if used:
            self._admit_everywhere(used)

    def _admit_everywhere(self, networks: list[Network]) -> None:
        parser = self._find_parser()
        found = parser.attrs["NetworkSettings"]["Networks"].values()
        is_in = {network["NetworkID"] for network in found}
        for network in networks:
            if network.id not in is_in:
                with suppress(NotFound):  # one of the two is gone again: the next look tells
                    self._admit(parser, network)

    def _admit(self, parser: Container, network: Network) -> None:
        try:
            network.connect(parser, aliases=[self._parser_name])
        except APIError:
            network.reload()
            if parser.id not in network.attrs["Containers"]:  # nor did somebody else let it in
                raise

    def _find_parser(self) -> Container:
        try:
            return self._client.containers.get(self._parser)
        except NotFound as error:
            raise NotReady(f"the parser's container {self._parser} is not there") from error


def _remove(network: Network) -> None:
    with suppress(NotFound):
        network.reload()
        for endpoint in network.attrs["Containers"].values():
            network.disconnect(endpoint["Name"], force=True)
        network.remove()


def _age(network: Network) -> timedelta:
    return datetime.now(UTC) - moment(network.attrs["Created"])
