"""Asks a server in InfluxQL through /query, which 1.8, 2.x and 3 serve, and takes nothing half for whole."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.influx.settings import InfluxSettings

TIMEOUT_S = 30.0
"""Between two parts of an answer."""
ANSWER_BYTES_MAX = 200_000_000
"""Half a million rows are about 30 MB."""
HTTP_OK = 200
_DENIED = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of one series: ``time`` in milliseconds first, then the columns asked for, None where missing."""

    tags: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


class InfluxQuery:
    """A connection that reads; may be shared by threads."""

    def __init__(self, settings: InfluxSettings, *, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        verify = httpx.create_ssl_context(
            verify=True if settings.ca_file is None else str(settings.ca_file), trust_env=False
        )
        self._client = httpx.Client(
            headers=settings.headers,
            timeout=timeout_s,
            verify=verify,
            trust_env=False,  # no proxy of the machine stands between a utility and its record
        )
        self._where = {"db": settings.database, "epoch": "ms"}
        if settings.retention_policy is not None:
            self._where["rp"] = settings.retention_policy

    def newest(
        self, measurement: str, columns: Sequence[str], *, where: str = "", group: str = ""
    ) -> list[Table]:
        """Give the newest row of each series, complete; raises like ``between``."""
        chosen = f" WHERE {where}" if where else ""
        told = self._answered(
            f"SELECT {', '.join(columns)} FROM {measurement}{chosen}{group} ORDER BY time DESC LIMIT 1"  # noqa: S608 - our own names; texts are quoted
        )
        if told is None:
            raise StoreUnavailable(
                f"{self._name} gives too few rows an answer. Mend: raise its max-row-limit"
            )
        return [_table(series, columns) for series in told]

    def between(
        self,
        measurement: str,
        columns: Sequence[str],
        *,
        start_ms: int,
        end_ms: int,
        select: str | None = None,
        where: str = "",
        group: str = "",
    ) -> list[Table]:
        """Give the rows of [start_ms, end_ms); where the server cuts an answer short, ask for half the time.

        A series may then come in several tables, in order. ``select`` says what gives the columns, by default
        their names.

        Raises:
            StoreUnavailable: no answer, or a millisecond holds more rows than the server gives.
            RecordBroken: an answer that is not what was asked for.
        """
        extra = f" AND {where}" if where else ""
        chosen = ", ".join(columns) if select is None else select
        told = self._answered(
            f"SELECT {chosen} FROM {measurement}"  # noqa: S608 - our own names; texts are quoted
            f" WHERE time >= {start_ms}ms AND time < {end_ms}ms{extra}{group}"
        )
        if told is not None:
            return [_table(series, columns) for series in told]
        middle_ms = (start_ms + end_ms) // 2
        if middle_ms == start_ms:
            raise StoreUnavailable(
                f"{self._name} gives too few rows an answer. Mend: raise its max-row-limit"
            )
        return [
            table
            for low_ms, high_ms in ((start_ms, middle_ms), (middle_ms, end_ms))
            for table in self.between(
                measurement,
                columns,
                start_ms=low_ms,
                end_ms=high_ms,
                select=select,
                where=where,
                group=group,
            )
        ]

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def __enter__(self) -> "InfluxQuery":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _name(self) -> str:
        return f"InfluxDB at {self._settings.url}"

    def _answered(self, statement: str) -> list[dict[str, Any]] | None:
        """Give the series of an answer; None where the server says that it is not all."""
        status, body = self._fetch(statement)
        if status != HTTP_OK:
            reason = self._settings.reason(body.decode("utf-8", "replace"))
            mend = "check token and bucket" if status in _DENIED else "look at the server's log"
            raise StoreUnavailable(f"{self._name}: HTTP {status}: {reason}. Mend: {mend}")
        try:
            answer = json.loads(body)
            result = answer["results"][0] if "error" not in answer else answer
            told = result.get("error")
            series = result.get("series", [])
            whole = not result.get("partial") and not any(one.get("partial") for one in series)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise RecordBroken(f"{self._name} gave no answer in InfluxQL's form: {error!r}") from error
        if told is not None:
            raise StoreUnavailable(
                f"{self._name}: {self._settings.reason(str(told))}. Mend: look at the server's log"
            )
        return series if whole else None

    def _fetch(self, statement: str) -> tuple[int, bytes]:
        try:
            with self._client.stream(
                "GET", f"{self._settings.url.rstrip('/')}/query", params={**self._where, "q": statement}
            ) as response:
                parts, size = [], 0
                for part in response.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > ANSWER_BYTES_MAX:
                        raise StoreUnavailable(
                            f"{self._name} gave more than {ANSWER_BYTES_MAX} bytes. Mend: ask for less"
                        )
                return response.status_code, b"".join(parts)
        except httpx.HTTPError as error:
            reason = self._settings.reason(f"{type(error).__name__}: {error}")
            raise StoreUnavailable(f"{self._name}: {reason}. Mend: check that it runs") from error


def quoted(text: str) -> str:
    r"""Give a text as a string of InfluxQL.

    >>> print(quoted("Meier's"))
    'Meier\'s'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def of_series(asset_id: str, point: str) -> str:
    """Give the condition that chooses one series."""
    return f"asset = {quoted(asset_id)} AND point = {quoted(point)}"


def _table(series: Mapping[str, Any], columns: Sequence[str]) -> Table:
    """Take one series; its columns must be those asked for, in their order.

    Raises:
        RecordBroken: they are not, or a row is of another length.
    """
    if list(series.get("columns", [])) != ["time", *columns]:
        raise RecordBroken(f"the server gave the columns {series.get('columns')} instead of time, {columns}")
    rows = series.get("values", [])
    if any(len(row) != len(columns) + 1 for row in rows):
        raise RecordBroken("the server gave a row that does not fit its columns")
    tags = series.get("tags")
    return Table(tags={} if tags is None else tags, rows=rows)
