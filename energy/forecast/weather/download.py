"""One careful GET: encrypted as asked, bounded in bytes and seconds, never redirected."""

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLError

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
    try:
        with (
            httpx.Client(verify=verify, timeout=bounds.timeout_s, trust_env=False) as client,
            client.stream(
                "GET",
                address,
                params=parameters,
                headers={"Accept-Encoding": "gzip", "User-Agent": "energiewaage"},
                follow_redirects=False,
            ) as response,
        ):
            _require_success(address, response)
            return _body(address, response, bounds, until_s)
    except (httpx.HTTPError, httpx.InvalidURL, SSLError, OSError) as error:
        raise Retryable(f"{address}: no answer: {type(error).__name__}: {_told(error, secret)}") from error


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
            raise Retryable(f"{address}: not complete after {bounds.timeout_s:g} s")
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
