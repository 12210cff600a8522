"""A web server on loopback that answers each request with what the test put there."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True, kw_only=True)
class Answer:
    """What is answered: slowly, packed or truncated where asked."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    packed: bool = False
    pause_s: float = 0.0
    """Between two bytes."""
    cut: int | None = None
    """Bytes after which the connection ends, though more were promised."""
    states_length: bool = True
    headers_pause_s: float = 0.0
    """Between two bytes of a header that never ends."""


class WeatherServer:
    """Holds the answer and remembers what was asked."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.address = ""

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        parts = urlsplit(request.path)
        self.asked.append((parts.path, parse_qs(parts.query)))
        answer = self.answer
        body = gzip.compress(answer.body) if answer.packed else answer.body
        if answer.headers_pause_s:
            _drip_header(request, answer.headers_pause_s)
            return
        request.send_response(answer.status)
        if answer.packed:
            request.send_header("Content-Encoding", "gzip")
        for name, value in answer.headers.items():
            request.send_header(name, value)
        if answer.states_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        try:
            if answer.pause_s:
                for byte in body:
                    request.wfile.write(bytes([byte]))
                    request.wfile.flush()
                    time.sleep(answer.pause_s)
            else:
                request.wfile.write(body if answer.cut is None else body[: answer.cut])
        except OSError:
            return  # the one who asked is gone


def _drip_header(request: BaseHTTPRequestHandler, pause_s: float) -> None:
    try:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Never-Ends: ")
        while True:
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(pause_s)
    except OSError:
        return  # the one who asked is gone


@contextmanager
def serving() -> Iterator[WeatherServer]:
    """Serve on a free port of loopback."""
    held = WeatherServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.reply(self)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)
