"""Fetching from servers that nobody knows: what comes, what is refused, and how that is said."""

import gzip
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from nnt_deployer.errors import FetchFailed
from nnt_deployer.fetching import download
from nnt_deployer.fetching.download import Bounds, Download
from nnt_deployer.fetching.guarded import resolve
from scripts.free_port import free_port
from tests.conftest import require
from tests.web import Web, send, serving

BOUNDS = Bounds(max_bytes=1_000_000, seconds=20, allowed_hosts=["LocalHost"])
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as served:
        yield served


def begin(request) -> None:
    """An answer of unknown length."""
    request.send_response(200)
    request.end_headers()


def fetched(url: str, bounds: Bounds = BOUNDS, resolve=resolve) -> bytes:
    return b"".join(Download(url, bounds, resolve).chunks())


def problem(url: str, bounds: Bounds = BOUNDS, resolve=resolve) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetched(url, bounds, resolve)
    return str(caught.value)


# What comes


def test_a_file_comes_as_it_is_and_how_much_of_it_is_known(web):
    url = web.serve("/train", CONTENT)
    whole = Download(url, BOUNDS)
    assert b"".join(whole.chunks()) == CONTENT
    assert (whole.received, whole.total) == (len(CONTENT), len(CONTENT))
    [(_, headers)] = web.asked
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Host"] == f"localhost:{web.port}"


def test_one_whose_size_nobody_told_comes_too(web):
    whole = Download(web.serve("/train", CONTENT, Content_Length=None), BOUNDS)
    assert b"".join(whole.chunks()) == CONTENT
    assert (whole.received, whole.total) == (len(CONTENT), None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_also_relative_ones(web, status):
    web.serve("/deep/train", CONTENT)
    web.redirect("/deep/there", "train", status)
    assert fetched(web.redirect("/here", "/deep/there#part", status)) == CONTENT


def test_a_host_may_be_an_address_of_version_6(web):
    with pytest.raises(FetchFailed, match="refused the connection"):
        fetched(f"http://[::1]:{free_port()}/", Bounds(1_000_000, 20, ["[::1]"]))


def test_no_proxy_of_the_environment_comes_between(web, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    assert fetched(web.serve("/train", CONTENT)) == CONTENT


# Whom it does not ask


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.0.1", "0"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254"),
        *("10.0.0.1", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    ],
)
def test_addresses_that_are_not_public_are_refused_however_they_are_written(web, host):
    web.serve("/train", CONTENT)
    said = problem(web.url("/train", host))
    assert "has an address that is not public" in said and host.strip("[]") in said
    assert web.asked == []


def test_a_redirect_to_what_is_not_public_is_refused(web):
    web.serve("/secret", CONTENT)
    said = problem(web.redirect("/train", web.url("/secret", "127.0.0.1")))
    assert "the host 127.0.0.1 has an address that is not public" in said
    assert [path for path, _ in web.asked] == ["/train"]


def test_one_address_that_is_not_public_among_public_ones_is_enough(web):
    web.serve("/train", CONTENT)

    def both(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "127.0.0.1"]

    said = problem(web.url("/train", "data.example"), resolve=both)
    assert "the host data.example has an address that is not public" in said
    assert "127.0.0.1" not in said and web.asked == []


def test_it_connects_to_what_was_checked_whatever_dns_says_later(web, monkeypatch):
    web.serve("/train", CONTENT)
    asked, connected = [], []

    def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    assert "refused the connection" in problem(web.url("/train", "data.example"), resolve=changing)
    assert asked == ["data.example"] and connected == [("93.184.215.14", web.port)]


def test_each_redirect_is_looked_up_and_checked_again(web):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    bounds = Bounds(1_000_000, 20, ["first.example"])
    url = web.redirect("/train", web.url("/next", "second.example")).replace(
        "localhost", "first.example"
    )
    said = problem(url, bounds, lambda host, port: next(answers))
    assert "the host second.example has an address that is not public" in said


def test_of_several_good_addresses_the_first_that_answers_is_taken(web):
    web.serve("/train", CONTENT)
    bounds = Bounds(1_000_000, 20, ["data.example"])
    url = web.url("/train", "data.example")
    assert fetched(url, bounds, lambda host, port: ["127.0.0.2", "127.0.0.1"]) == CONTENT


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "http:// or https:// and a host were expected"),
        ("ftp://data.example/train", "http:// or https:// and a host were expected"),
        ("//data.example/train", "http:// or https:// and a host were expected"),
        ("http:///train", "http:// or https:// and a host were expected"),
        ("http://data.example:70000/", "http:// or https:// and a host were expected"),
        ("http://ada:secret@data.example/", "holds a name or a password"),
        ("http://①②⑦.⓪.⓪.①/", "is no URL that can be understood"),
        ("http://data.example/\r\nHost: x", "is no URL that can be understood"),
    ],
)
def test_what_is_no_url_of_a_file_is_refused_also_as_a_redirect(web, url, said):
    assert said in problem(url)
    if url.startswith(("http://", "//")) or "\n" in url:
        return
    assert said in problem(web.redirect("/train", url))


def test_a_redirect_with_a_password_is_refused(web):
    assert "a name or a password" in problem(web.redirect("/train", "http://a:b@localhost/"))


def test_redirects_end_after_five(web):
    for number in range(6):
        web.redirect(f"/{number}", f"/{number + 1}")
    web.serve("/6", CONTENT)
    assert fetched(web.url("/1")) == CONTENT
    assert problem(web.url("/0")) == "it was redirected more than 5 times"
    assert "redirected to nowhere" in problem(web.serve("/x", b"", 302))


# What is too much


def test_what_says_that_it_is_too_large_is_refused_before_it_comes(web):
    def boast(request):
        request.send_response(200)
        request.send_header("Content-Length", str(10**12))
        request.end_headers()
        web.ended.wait(60)

    assert problem(web.serve("/train", boast)) == (
        "it has 1,000,000.0 MB, at most 1.0 MB can be fetched"
    )


def test_what_does_not_say_so_is_refused_as_soon_as_it_is_too_large(web):
    url = web.serve("/train", lambda request: pour_without_end(request, web))
    said = problem(url)
    assert said.startswith("it has at least 1.") and "at most 1.0 MB can be fetched" in said


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip"])
def test_a_small_answer_that_would_unfold_into_a_large_one_is_refused(web, encoding):
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < BOUNDS.max_bytes
    said = problem(web.serve("/train", bomb, Content_Encoding=encoding))
    assert said == f"localhost sent the file encoded ({encoding.lower()}), expected it as it is"


def trickle(request, web):
    begin(request)
    while not web.ended.wait(0.05):
        request.wfile.write(b"x")


def trickle_headers(request, web):
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not web.ended.wait(0.05):
        request.wfile.write(b"x")


def say_nothing(request, web):
    begin(request)
    web.ended.wait(60)


def pour_without_end(request, web):
    begin(request)
    while not web.ended.is_set():
        request.wfile.write(bytes(1_000_000))


@pytest.mark.parametrize("answer", [trickle, trickle_headers, say_nothing, pour_without_end])
def test_when_the_time_is_up_it_ends_however_little_or_much_still_comes(web, answer):
    url = web.serve("/train", lambda request: answer(request, web))
    began = time.monotonic()
    said = problem(url, Bounds(10**15, 1, ["localhost"]))
    assert said.startswith("it took longer than 1 s: ") and said.endswith("had come")
    assert time.monotonic() - began < 10


def test_a_server_that_falls_silent_is_left(web, monkeypatch):
    monkeypatch.setitem(download._TIMEOUTS, "read", 0.2)

    def fall_silent(request):
        send(request, CONTENT, Content_Length=len(CONTENT) + 1)
        web.ended.wait(60)

    said = problem(web.serve("/train", fall_silent))
    assert said == "localhost sent nothing for 30 s: 0.3 MB of 0.3 MB had come"


# What goes wrong


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "localhost answered 404 Not Found, expected 200 OK"),
        (500, "localhost answered 500 Internal Server Error, expected 200 OK"),
        (206, "localhost answered 206 Partial Content, expected 200 OK"),
        (599, "localhost answered 599, expected 200 OK"),
    ],
)
def test_any_other_answer_is_named(web, status, said):
    assert problem(web.serve("/train", CONTENT, status)) == said


def test_a_connection_that_breaks_off_says_how_much_had_come(web):
    def break_off(request):
        send(request, CONTENT, Content_Length=900_000)

    said = problem(web.serve("/train", break_off))
    assert said == "the connection to localhost broke off: 0.3 MB of 0.9 MB had come"


def test_what_does_not_speak_http_is_told(web):
    said = problem(web.serve("/train", lambda request: request.wfile.write(b"220 ftp\r\n\r\n")))
    assert "the connection to localhost broke off" in said


def test_a_host_without_an_address_is_named():
    assert problem("http://data.invalid/train") == "no address of the host data.invalid was found"
    label = "x" * 64  # longer than DNS can hold
    assert "no address of the host" in problem(f"http://{label}.example/train")


def test_nobody_at_the_port_is_told():
    assert problem(f"http://localhost:{free_port()}/") == "localhost refused the connection"


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of data.example, signed by itself, with its key."""
    if shutil.which("openssl") is None:
        require("openssl", "there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=data.example "
        f"-addext subjectAltName=DNS:data.example -keyout {path}.key -out {path}",
        shell=True,
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def https(certificate: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    with serving(context) as served:
        served.serve("/train", CONTENT)
        yield served


def here(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


TLS_BOUNDS = Bounds(1_000_000, 20, ["data.example", "other.example"])


def test_tls_is_spoken_with_the_name_though_the_address_is_connected_to(
    https, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetched(https.url("/train", "data.example"), TLS_BOUNDS, here) == CONTENT
    said = problem(https.url("/train", "other.example"), TLS_BOUNDS, here)
    assert "the certificate of other.example is not valid for it" in said
    assert "Hostname mismatch" in said


def test_a_certificate_that_nobody_vouches_for_is_refused(https):
    said = problem(https.url("/train", "data.example"), TLS_BOUNDS, here)
    assert "the certificate of data.example is not valid for it: self" in said
    assert https.asked == []


def test_a_server_without_tls_is_told_so(web):
    url = web.serve("/train", CONTENT).replace("http:", "https:")
    assert problem(url) == "localhost does not speak TLS as https:// expects it"
