"""One careful GET: encrypted as asked, bounded in bytes and seconds, never redirected."""

import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLError
from typing import Any

import httpx

from energy.errors import Retryable
from energy.forecast.weather.hourly import bad_answer

HTTP_OK = 200
REDIRECTS = range(300, 400)
CLIENT_ERRORS = range(400, 500)
LATER = frozenset({408, 425, 429})
"""Client errors that mean "not now"."""
WORDS_MAX = 200
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a request may take in all, and how many bytes its answer may have once unpacked."""

    timeout_s: float
    bytes_max: int
    ca_file: Path | None = None
    """The authority that signed the server's certificate, where it is not a public one."""


def download(address: str, query: Mapping[str, str], *, bounds: Bounds, secret: str | None = None) -> bytes:
    """Fetch an answer's body.

    Args:
        address: without its query; the only part that is ever shown.
        query: parameters that are no secret.
        bounds: of the request.
        secret: a key for the parameter ``apikey``; shown nowhere.

    Raises:
        BadInput: what is there is not what was asked for: no such page, a redirect, too much.
        Retryable: no answer now.
    """
    parameters = dict(query) if secret is None else {**query, "apikey": secret}
    until_s = time.monotonic() + bounds.timeout_s
    verify = httpx.create_ssl_context(
        verify=True if bounds.ca_file is None else str(bounds.ca_file), trust_env=False
    )
    cut = _Cut()
    try:
        with (
            _cut_after(bounds.timeout_s, cut),
            httpx.Client(verify=verify, timeout=bounds.timeout_s, trust_env=False) as client,
            client.stream(
                "GET",
                address,
                params=parameters,
                headers={"Accept-Encoding": "gzip", "User-Agent": "energiewaage"},
                follow_redirects=False,
                extensions={"trace": cut.notice},
            ) as response,
        ):
            _require_success(address, response)
            body = _body(address, response, bounds, until_s)
    except (httpx.HTTPError, httpx.InvalidURL, SSLError, OSError) as error:
        if cut.is_over:
            raise _late(address, bounds) from error
        raise Retryable(f"{address}: no answer: {type(error).__name__}: {_told(error, secret)}") from error
    if cut.is_over:  # an answer of no stated length ends where the line was cut
        raise _late(address, bounds)
    return body


def _late(address: str, bounds: Bounds) -> Retryable:
    return Retryable(f"{address}: not complete after {bounds.timeout_s:g} s")


@dataclass(slots=True)
class _Cut:
    """Cuts the line once the time is up, whatever is being waited for.

    httpx bounds the wait for each piece alone: who sends a byte now and then, in the handshake or among the
    headers, would hold the thread for days.
    """

    _lines: list[socket.socket] = field(default_factory=list)
    is_over: bool = False

    def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Take what httpcore tells of a request: the connection, before anything is said over it."""
        if event != "connection.connect_tcp.complete":
            return
        line: socket.socket = info["return_value"].get_extra_info("socket")
        self._lines.append(line.dup())  # encryption takes the socket itself away; its double still cuts
        if self.is_over:
            self.cut()

    def cut(self) -> None:
        """End what is under way; whoever waits there is told that the line broke."""
        self.is_over = True
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the doubles go."""
        for line in self._lines:
            line.close()


@contextmanager
def _cut_after(seconds: float, cut: _Cut) -> Iterator[None]:
    timer = threading.Timer(seconds, cut.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        cut.close()


def _told(error: Exception, secret: str | None) -> str:
    text = " ".join(str(error).split())[:WORDS_MAX]
    return text if secret is None else text.replace(secret, "(key)")


def _require_success(address: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTP_OK:
        return
    if status in REDIRECTS:
        raise bad_answer(
            address,
            "answer",
            value=status,
            limit="it sends us elsewhere, which is not followed",
            mend="set base_url to the address that answers itself",
        )
    if status in CLIENT_ERRORS and status not in LATER:
        raise bad_answer(
            address,
            "answer",
            value=status,
            limit="the server refuses the request",
            mend="check base_url, the place and the key",
        )
    raise Retryable(f"{address}: HTTP {status}: not now")


def _body(address: str, response: httpx.Response, bounds: Bounds, until_s: float) -> bytes:
    """Read and unpack piece by piece: neither a large answer nor a small one that unpacks large is taken."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise bad_answer(
            address, "Content-Encoding", value=encoding, limit="gzip or none", mend="look at the server"
        )
    unpacker = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    body = bytearray()
    for piece in response.iter_raw():  # as it comes: a piece size would wait for the piece to fill
        if time.monotonic() > until_s:
            raise _late(address, bounds)
        room = bounds.bytes_max + 1 - len(body)
        try:
            body += piece if unpacker is None else unpacker.decompress(piece, room)
        except zlib.error as error:
            raise Retryable(f"{address}: the answer's gzip is damaged: {error}") from error
        if len(body) > bounds.bytes_max:
            raise bad_answer(
                address,
                "answer",
                value=f"over {bounds.bytes_max} bytes",
                limit="larger than any forecast",
                mend="check base_url",
            )
    if unpacker is not None and not unpacker.eof:
        raise Retryable(f"{address}: the answer's gzip ends too early")
    return bytes(body)
