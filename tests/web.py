"""A web server with files to be fetched, and one that misbehaves in every way that a test asks for."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """Answers each path as it was told; `asked` are the headers of every request, by path."""

    def __init__(self, port: int, scheme: str = "http") -> None:
        self.port = port
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ended = threading.Event()  # who waits for ever waits for this
        self._scheme = scheme
        self._answers: dict[str, Answer] = {}

    def url(self, path: str, host: str = "localhost") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def serve(self, path: str, answer: bytes | Answer, status: int = 200, **headers: Any) -> str:
        """The URL of what is there from now on; underscores in names of headers are hyphens."""
        if callable(answer):
            self._answers[path] = answer
        else:
            self._answers[path] = lambda request: send(request, answer, status, **headers)
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.serve(path, b"", status, Location=to)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, dict(request.headers)))
        found = self._answers.get(request.path)
        if found is None:
            send(request, b"nothing here", 404)
        else:
            found(request)


def send(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: Any) -> None:
    """A whole answer; a header that is None is left out."""
    request.send_response(status)
    told = {"Content_Length": len(body), **headers}
    for name, value in told.items():
        if value is not None:
            request.send_header(name.replace("_", "-"), str(value))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                web.answer(self)
            except OSError:
                self.close_connection = True  # who asked has gone

        def log_message(self, *arguments: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None: ...  # a broken handshake

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    web = Web(server.server_port, "http" if tls is None else "https")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield web
    finally:
        web.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
