"""A parser of one's own: a real HTTP server that keeps what it is sent and answers as it is told."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from nnt_contract.updates import (
    FRAME_START,
    Collection,
    Failure,
    Finish,
    header_length,
    parse_header,
    payload_bytes,
)


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    update: Collection | Finish | Failure
    arrays: dict[tuple[int, str], np.ndarray]  # (layer_index, variable) -> values

    @property
    def what(self) -> str | int:
        """The epoch of a collection, the kind of anything else."""
        return self.update.epoch if isinstance(self.update, Collection) else self.update.kind


class FakeParser:
    """Accepts everything until `answer` is set to something that decides otherwise."""

    def __init__(self) -> None:
        self.accepted: list[Received] = []
        self.answer: Callable[[Received], tuple[int, bytes]] = lambda received: (202, b"{}")
        self._server = self._listen(0)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._serve()

    def go_away(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def come_back(self) -> None:
        self._server = self._listen(self.port)
        self._serve()

    @property
    def collections(self) -> list[Received]:
        return [received for received in self.accepted if isinstance(received.update, Collection)]

    @property
    def story(self) -> list[str | int]:
        return [received.what for received in self.accepted]

    @property
    def errors(self) -> list[str]:
        ends = [received.update for received in self.accepted]
        return [update.error for update in ends if isinstance(update, Failure)]

    def _serve(self) -> None:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _listen(self, port: int) -> ThreadingHTTPServer:
        parser = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received = Received(self.path, dict(self.headers), *parse_frame(body))
                status, text = parser.answer(received)
                if status == 202:
                    parser.accepted.append(received)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        return server


def records_of(parser: FakeParser, kind: str) -> list[Any]:
    """Those of one kind, in the order in which they came."""
    updates = [received.update for received in parser.accepted]
    return [
        record
        for update in updates
        if not isinstance(update, Failure)
        for record in update.records
        if record.kind == kind
    ]


def parse_frame(
    frame: bytes,
) -> tuple[Collection | Finish | Failure, dict[tuple[int, str], np.ndarray]]:
    """What a frame says, having checked that it is not a byte too long or too short."""
    start = FRAME_START.size
    payload_at = start + header_length(frame[:start])
    update = parse_header(frame[start:payload_at])
    assert len(frame) == payload_at + payload_bytes(update)
    values = np.frombuffer(frame, "<f4", offset=payload_at)
    arrays = {}
    if isinstance(update, Collection):
        for array in update.arrays:
            taken, values = values[: array.values], values[array.values :]
            arrays[array.layer_index, array.variable] = taken.reshape(array.shape)
        assert len(arrays) == len(update.arrays), "two arrays have the same place"
    return update, arrays
