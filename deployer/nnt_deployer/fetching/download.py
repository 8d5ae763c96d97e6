"""One file over HTTP, from a server that nobody here knows: bounded in size, time, redirects and in whom it asks."""

import errno
import ssl
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import httpcore
import httpx

from nnt_contract.printable import shown
from nnt_deployer.errors import FetchFailed
from nnt_deployer.fetching.guarded import Deadline, GuardedBackend, Resolve, resolve

_MAX_REDIRECTS = 5
_SILENCE_S = 30.0
_TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), _SILENCE_S)
_REDIRECTS = (301, 302, 303, 307, 308)
_SCHEMES = ("http", "https")
_PORTS = range(1, 2**16)
_MB = 10**6

_shown = partial(shown, characters=100)  # URLs are longer than names


@dataclass(frozen=True)
class Bounds:
    """What a download may be and take, and which hosts may have addresses that are not public."""

    max_bytes: int
    seconds: float
    allowed_hosts: Collection[str] = ()


class Download:
    """The content behind a URL. `received` and `total` (None: nobody knows) are bytes, and true while it is read."""

    def __init__(self, url: str, bounds: Bounds, resolve: Resolve = resolve) -> None:
        self.received = 0
        self.total: int | None = None
        self._url = url
        self._bounds = bounds
        self._deadline = Deadline(bounds.seconds)
        self._backend = GuardedBackend(bounds.allowed_hosts, self._deadline, resolve)
        self._host = ""  # which is asked now

    def chunks(self) -> Generator[bytes, None, None]:
        """The content, piece by piece; raises FetchFailed, whose text says what came and what was expected."""
        with (
            self._explained(),
            httpcore.ConnectionPool(
                ssl_context=httpx.create_ssl_context(), network_backend=self._backend
            ) as pool,
        ):
            url = _checked(self._url)
            for _ in range(_MAX_REDIRECTS + 1):
                self._host = url.host
                with pool.stream(
                    "GET", _target(url), headers=_headers(url), extensions={"timeout": _TIMEOUTS}
                ) as response:
                    if response.status not in _REDIRECTS:
                        yield from self._content(response)
                        return
                    url = _checked(_location(response, url))
            raise FetchFailed(f"it was redirected more than {_MAX_REDIRECTS} times")

    def so_far(self) -> str:
        """How much has come, in words."""
        of = "" if self.total is None else f" of {_megabytes(self.total)}"
        return f"{_megabytes(self.received)}{of} had come"

    def _content(self, response: httpcore.Response) -> Iterator[bytes]:
        if response.status != HTTPStatus.OK:
            raise FetchFailed(
                f"{self._host} answered {_status_line(response.status)}, expected 200 OK"
            )
        self._check_encoding(response)
        self.total = _content_length(response)
        self._check_size(self.total or 0)
        for chunk in response.iter_stream():
            self.received += len(chunk)
            self._check_size(self.received)
            yield chunk

    def _check_encoding(self, response: httpcore.Response) -> None:
        # What is decoded here may be a thousand times as large as what comes: so nothing is.
        encoding = _header(response, b"content-encoding").lower()
        if encoding not in ("", "identity"):
            raise FetchFailed(
                f"{self._host} sent the file encoded ({_shown(encoding)}), expected it as it is"
            )

    def _check_size(self, size: int) -> None:
        if size > self._bounds.max_bytes:
            at_least = "" if self.total else "at least "
            at_most = _megabytes(self._bounds.max_bytes)
            raise FetchFailed(
                f"it has {at_least}{_megabytes(size)}, at most {at_most} can be fetched"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except httpcore.TimeoutException as error:
            raise FetchFailed(self._too_slow(error)) from error
        except httpcore.ConnectError as error:
            raise FetchFailed(self._no_connection(error)) from error
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise FetchFailed(
                f"the connection to {self._host} broke off: {self.so_far()}"
            ) from error

    def _too_slow(self, error: httpcore.TimeoutException) -> str:
        if self._deadline.has_passed:
            return f"it took longer than {self._deadline.seconds:.0f} s: {self.so_far()}"
        if isinstance(error, httpcore.ConnectTimeout):
            return f"{self._host} did not answer within {_SILENCE_S:.0f} s"
        return f"{self._host} sent nothing for {_SILENCE_S:.0f} s: {self.so_far()}"

    def _no_connection(self, error: httpcore.ConnectError) -> str:
        match error.__cause__ or error.__context__:
            case ssl.SSLCertVerificationError() as cause:
                return (
                    f"the certificate of {self._host} is not valid for it: {cause.verify_message}"
                )
            case ssl.SSLError():
                return f"{self._host} does not speak TLS as https:// expects it"
            case OSError(errno=errno.ECONNREFUSED):
                return f"{self._host} refused the connection"
            case _:
                return f"{self._host} cannot be reached"


def _checked(url: str | httpx.URL) -> httpx.URL:
    """The URL, if it is one that is fetched; raises FetchFailed."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise FetchFailed(f"{_shown(str(url))} is no URL that can be understood") from error
    has_place = parsed.host and (parsed.port is None or parsed.port in _PORTS)
    if parsed.scheme not in _SCHEMES or not has_place:
        raise FetchFailed(f"http:// or https:// and a host were expected, not {_shown(str(url))}")
    if parsed.userinfo:
        raise FetchFailed("the URL holds a name or a password, which would be shown: expected none")
    return parsed


def _location(response: httpcore.Response, url: httpx.URL) -> httpx.URL:
    to = _header(response, b"location")
    if not to:
        raise FetchFailed(f"{url.host} redirected to nowhere, expected a Location")
    try:
        return url.join(to)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed(f"{url.host} redirected to {_shown(to)}, which is no URL") from error


def _target(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _headers(url: httpx.URL) -> Sequence[tuple[bytes, bytes]]:
    return [
        (b"Host", url.netloc),
        (b"User-Agent", b"neural-net-tracker"),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"identity"),
    ]


def _content_length(response: httpcore.Response) -> int | None:
    length = _header(response, b"content-length")
    return int(length) if length else None


def _header(response: httpcore.Response, name: bytes) -> str:
    found = (value for key, value in response.headers if key.lower() == name)
    return next(found, b"").decode(errors="replace").strip()


def _status_line(status: int) -> str:
    known = {one.value: one.phrase for one in HTTPStatus}
    return f"{status} {known.get(status, '')}".strip()


def _megabytes(size: int) -> str:
    return f"{size / _MB:,.1f} MB"
