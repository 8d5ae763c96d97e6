"""Connections to hosts that users name: to the addresses that were checked and to no other, and none for ever."""

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import httpcore

from nnt_deployer.errors import FetchFailed
from nnt_deployer.fetching.addresses import forbidden

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of the host, as this machine sees it; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        return time.monotonic() >= self._end

    def within(self, timeout: float | None) -> float:
        """The timeout, or what is left if that is less; raises httpcore's TimeoutException where nothing is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left if timeout is None else min(timeout, left)


class GuardedBackend(httpcore.NetworkBackend):
    """Looks a host up once for each connection, checks every address, and connects to one of these.

    So nobody can have another address looked up between check and connection, and redirects are checked like the
    first request. The name, which TLS compares with the certificate, stays with whoever uses the connection.
    """

    def __init__(
        self, allowed_hosts: Collection[str], deadline: Deadline, resolve: Resolve = resolve
    ) -> None:
        self._allowed_hosts = {host.lower().strip("[]") for host in allowed_hosts}
        self._deadline = deadline
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises FetchFailed where the host may not be connected to."""
        *others, last = self._addresses(host, port)
        for address in others:
            try:
                return self._connect(address, port, timeout, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port, timeout, socket_options)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # the latter of a name that DNS cannot hold
            raise FetchFailed(f"no address of the host {host} was found") from error
        if not addresses:
            raise FetchFailed(f"no address of the host {host} was found")
        if host.lower() not in self._allowed_hosts and any(map(forbidden, addresses)):
            raise FetchFailed(
                f"the host {host} has an address that is not public, and only public ones are fetched from"
            )
        return addresses

    def _connect(
        self, address: str, port: int, timeout: float | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        within = self._deadline.within(timeout)
        stream = self._sockets.connect_tcp(address, port, within, socket_options=options)
        return _TimedStream(stream, self._deadline)


class _TimedStream(httpcore.NetworkStream):
    """Ends also what comes a byte at a time, which no timeout of a single read does."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        within = self._deadline.within(timeout)
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, within), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
