"""Writes lines through /api/v2/write and says in our words what became of them; owns influxdb_client."""

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from energy.historian.influx.line_protocol import PRECISION
from energy.historian.influx.settings import InfluxSettings

TIMEOUT_S = 10.0
"""For one request in all: a server that takes longer is away."""
MS_PER_S = 1000
RETRY_AFTER_S_MAX = 3600.0
_MALFORMED = frozenset({400, 422})
_DENIED = frozenset({401, 403, 404})
_TOO_LARGE = 413
_CLIENT_ERRORS = range(400, 500)
_LATER = frozenset({408, 425, 429})
"""Client errors that mean "not now"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The server has the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Something is wrong with one of the lines, or with all."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """The request is larger than the server takes."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The token, the organisation or the bucket is wrong: no fault of the lines."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """No answer, or one that says "later"; ``wait_s`` is what the server asks for, None if nothing."""

    reason: str
    wait_s: float | None = None


Answer = Taken | Refused | TooLarge | Denied | Away


_TAKEN = 204
"""What 1.8, 2.x and 3 answer to lines that they took."""


class InfluxWriter:
    """A connection to a server; one request at a time."""

    def __init__(self, settings: InfluxSettings, *, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._client = InfluxDBClient(
            url=settings.url.rstrip("/"),
            token=settings.token.get_secret_value(),
            org=settings.org or "-",  # 1.8 and 3 know none, the client wants one
            timeout=round(timeout_s * MS_PER_S),
            enable_gzip=True,
            ssl_ca_cert=None if settings.ca_file is None else str(settings.ca_file),
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def send(self, lines: str) -> Answer:
        """Send lines, separated by line feeds, and wait for the answer."""
        try:
            self._api.write(bucket=self._settings.bucket, record=lines, write_precision=PRECISION)
        except ApiException as error:
            return self._told(error)
        except (HTTPError, OSError, UnicodeDecodeError) as error:  # the client takes every answer for UTF-8
            return Away(reason=self._settings.reason(f"{type(error).__name__}: {error}"))
        status = self._client.api_client.last_response.status
        if status != _TAKEN:  # a login page, a proxy's own page: whoever answers so has kept nothing
            return Denied(reason=f"HTTP {status}: no InfluxDB answers there, it would say {_TAKEN}")
        return Taken()

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _told(self, error: ApiException) -> Answer:
        """Sort an answer that is no success."""
        status = error.status
        if not status:  # the client's own word for trouble with TLS
            return Away(reason=self._settings.reason(str(error.reason)))
        reason = self._settings.reason(f"HTTP {status}: {_words(error)}")
        if status == _TOO_LARGE:
            return TooLarge(reason=reason)
        if status in _MALFORMED and _told_words(error) is not None:
            return Refused(reason=reason)
        if status in _DENIED or (status in _CLIENT_ERRORS and status not in _LATER):
            return Denied(reason=reason)
        return Away(reason=reason, wait_s=_retry_after_s(error))


def _words(error: ApiException) -> str:
    """Give the server's own words, or else those of what stands before it."""
    told = _told_words(error)
    return told if told is not None else _body(error) or str(error.reason)


def _body(error: ApiException) -> str:
    return error.body if isinstance(error.body, str) else ""


def _told_words(error: ApiException) -> str | None:
    """Give what InfluxDB itself says: 1.x in ``error``, 2.x and 3 in ``message``.

    None where the answer is not in its form: a proxy gave it, which says nothing of the lines.
    """
    try:
        told = json.loads(_body(error))
    except ValueError:
        told = None
    if isinstance(told, dict):
        for key in ("message", "error"):
            if isinstance(told.get(key), str):
                return str(told[key])
    return None


def _retry_after_s(error: ApiException) -> float | None:
    """Read Retry-After where it counts seconds (RFC 9110, 10.2.3); a date is left to our own patience."""
    text = str((error.headers or {}).get("Retry-After", ""))
    return min(float(text), RETRY_AFTER_S_MAX) if text.isascii() and text.isdigit() else None
