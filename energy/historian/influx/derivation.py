"""Quarter-hour means and boundary registers from the samples on a server, written back beside them."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

import numpy as np

from energy.domain import FloatArray, Point
from energy.errors import StoreUnavailable
from energy.historian.averaging import REACH_MS, REGISTERS, has_means, register_at, weigh
from energy.historian.columns import IntArray
from energy.historian.influx.client import Away, Denied, Refused, Taken, TooLarge
from energy.historian.influx.delivery import LINES_PER_REQUEST, Writes
from energy.historian.influx.line_protocol import MEAN, READING, REGISTER, line, series
from energy.historian.influx.query import InfluxQuery, Table, quoted
from energy.historian.influx.spool_file import MEANS
from energy.historian.influx.spool_queue import Due, SpoolQueue
from energy.historian.instants import PERIOD_MS

VERSIONS_MAX = 9
"""Earlier versions of a value that are kept; what changes more often overwrites the last of them."""
_Key = tuple[str, Point]
_Fields = dict[str, float]
_POINTS = {point.value: point for point in Point}
_BY_SERIES = " GROUP BY asset, point"


class Derivation:
    """Works out what is due; what is written is due no longer.

    A quarter hour is averaged when it is over, and again when late samples arrive for it. The value that it
    had until then moves to a measurement of its own, so that who asks what was known at a moment finds it.
    """

    def __init__(self, queue: SpoolQueue, query: InfluxQuery, writer: Writes) -> None:
        self._queue = queue
        self._query = query
        self._writer = writer

    def all_due(self, *, give_up: Callable[[], bool]) -> Denied | Away | None:
        """Work out everything that can be; gives what kept it from being done."""
        for due in self._queue.due():
            if give_up():
                return None
            try:
                values = self._means(due.period) if due.kind == MEANS else self._registers(due.period)
                lines = self._lines(due, values)
            except StoreUnavailable as error:
                return Away(reason=str(error))
            trouble = self._write(lines)
            if trouble is not None:
                return trouble
            self._queue.done(due)
        return None

    def _means(self, period: int) -> dict[_Key, _Fields]:
        values: dict[_Key, _Fields] = {}
        for key, at_ms, value in self._samples(period * PERIOD_MS, (period + 1) * PERIOD_MS):
            weighted, covered_ms = weigh(at_ms, value, period)
            if covered_ms and has_means(key[1]):
                values[key] = {"value": weighted / covered_ms, "covered_ms": covered_ms}
        return values

    def _registers(self, period: int) -> dict[_Key, _Fields]:
        boundary_ms = period * PERIOD_MS
        values: dict[_Key, _Fields] = {}
        for key, at_ms, value in self._samples(boundary_ms, boundary_ms, points=REGISTERS):
            energy_kwh = register_at(boundary_ms, at_ms, value)
            if energy_kwh is not None:
                values[key] = {"energy_kwh": energy_kwh}
        return values

    def _samples(
        self, start_ms: int, end_ms: int, *, points: Iterable[Point] = ()
    ) -> Iterable[tuple[_Key, IntArray, FloatArray]]:
        """Give the good samples of each series, with those that reach in.

        Asset by asset, so that the loop beside us never waits long for the interpreter while a large answer
        is taken apart.
        """
        chosen = " OR ".join(f"point = {quoted(point.value)}" for point in points)
        low_ms, high_ms = start_ms - REACH_MS, end_ms + REACH_MS + 1
        counted = self._query.between(
            READING,
            ["count"],
            start_ms=low_ms,
            end_ms=high_ms,
            select="count(value)",
            group=" GROUP BY asset",
        )
        for asset_id in sorted({table.tags["asset"] for table in counted}):
            tables = self._query.between(
                READING,
                ["value"],
                start_ms=low_ms,
                end_ms=high_ms,
                where=f"asset = {quoted(asset_id)}" + (f" AND ({chosen})" if chosen else ""),
                group=_BY_SERIES,
            )
            for key, rows in _by_series(tables):
                at_ms = np.array([row[0] for row in rows], dtype=np.int64)
                yield key, at_ms, np.array([row[1] for row in rows], dtype=np.float64)

    def _lines(self, due: Due, values: Mapping[_Key, _Fields]) -> list[str]:
        """Give the lines of what is new or changed, with what it was before."""
        measurement = MEAN if due.kind == MEANS else REGISTER
        names = ["value", "covered_ms"] if due.kind == MEANS else ["energy_kwh"]
        at_ms = due.period * PERIOD_MS
        before = {
            key: row[1:]
            for key, rows in _by_series(self._at(measurement, [*names, "known_ms"], at_ms))
            for row in rows
        }
        changed = {
            key: fields
            for key, fields in values.items()
            if key not in before or [fields[name] for name in names] != list(before[key][:-1])
        }
        versions: dict[_Key, int] = {}
        if changed.keys() & before.keys():
            told = self._at(f"{measurement}_before", ["known_ms"], at_ms)
            versions = {key: len(rows) for key, rows in _by_series(told)}
        lines: list[str] = []
        for key, fields in changed.items():
            if key in before:
                version = min(versions.get(key, 0) + 1, VERSIONS_MAX)
                head = series(f"{measurement}_before", *key, version=str(version))
                kept = dict(zip([*names, "known_ms"], before[key], strict=True))
                lines.append(line(head, at_ms, **_typed(kept)))
            fields["known_ms"] = known_ms(due)
            lines.append(line(series(measurement, *key), at_ms, **_typed(fields)))
        return lines

    def _at(self, measurement: str, columns: list[str], at_ms: int) -> list[Table]:
        return self._query.between(measurement, columns, start_ms=at_ms, end_ms=at_ms + 1, group=_BY_SERIES)

    def _write(self, lines: list[str]) -> Denied | Away | None:
        for first in range(0, len(lines), LINES_PER_REQUEST):
            answer = self._writer.send("\n".join(lines[first : first + LINES_PER_REQUEST]))
            match answer:
                case Taken():
                    continue
                case Denied() | Away():
                    return answer
                case Refused() | TooLarge():
                    return Denied(reason=f"means: {answer.reason}")
        return None


def known_ms(due: Due) -> int:
    """Give since when a value is known: since its period was over, or since late samples changed it.

    What arrives within the reach of a sample behind its end belongs to the period as it was measured.
    """
    end_ms = (due.period + (1 if due.kind == MEANS else 0)) * PERIOD_MS
    return end_ms if due.known_ms <= end_ms + REACH_MS else due.known_ms


def _by_series(tables: Iterable[Table]) -> Iterable[tuple[_Key, list[list[float]]]]:
    """Join the tables of each series; points that this version does not know are passed over."""
    known = [table for table in tables if table.tags.get("point") in _POINTS]
    for (asset_id, point), parts in groupby(sorted(known, key=_tags), key=_tags):
        yield (asset_id, _POINTS[point]), [list(row) for part in parts for row in part.rows]


def _tags(table: Table) -> tuple[str, str]:
    return table.tags["asset"], table.tags["point"]


def _typed(fields: Mapping[str, float]) -> dict[str, float]:
    """Keep milliseconds integers and everything else floats, whatever JSON made of them."""
    return {name: int(value) if name.endswith("_ms") else float(value) for name, value in fields.items()}
