"""Answers for what was measured from an InfluxDB server, as the other stores do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.averaging import (
    COVERED_MS_OVER_IMPORT,
    REGISTERS,
    power_from_registers,
)
from energy.historian.influx.line_protocol import CLOCK_BACK, MEAN, MEAN_IMPORT, READING, REGISTER
from energy.historian.influx.query import InfluxQuery, Table, of_series
from energy.historian.influx.settings import InfluxSettings
from energy.historian.instants import PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import POINTS_PER_QUERY_MAX, window
from energy.historian.telemetry_queries import Samples
from energy.ports import Means

_SAMPLE = ["value", "quality", "doubted"]
_POINTS = {point.value: point for point in Point}
_QUALITIES = {quality.value: quality for quality in Quality}


class InfluxTelemetry:
    """The reading side of telemetry on a server; what still waits in the spool is not there yet.

    Every method raises StoreUnavailable where the server does not answer, RecordBroken where its answer makes
    no sense, and BadInput where the question is too big. A context manager that closes the connection.
    """

    def __init__(self, settings: InfluxSettings) -> None:
        self._query = InfluxQuery(settings)

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        found = self._latest_before(None)
        for table in self._query.newest(CLOCK_BACK, ["present_ms"]):
            from_ms, present_ms = table.rows[0]
            if all(ms_of(reading.measured_at) <= from_ms for reading in found.values()):
                return self._latest_before(int(present_ms))
        return found

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of all periods that begin in [start, end), NaN unless known at ``known_at``."""
        return self.means_many([asset_id], point, start, end, known_at=known_at)[asset_id]

    def means_many(
        self,
        asset_ids: Sequence[str],
        point: Point,
        start: datetime,
        end: datetime,
        *,
        known_at: datetime | None = None,
    ) -> Mapping[str, Means]:
        """Give the means of one point of several assets; ``known_at`` None takes all there is."""
        first, periods = window(start, end, series=max(1, len(asset_ids)))
        return {asset_id: self._means(asset_id, point, first, periods, known_at) for asset_id in asset_ids}

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from the differences of energy registers at the period boundaries."""
        first, periods = window(start, end)
        registers = [self._register(asset_id, point, first, periods + 1, known_at) for point in REGISTERS]
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def samples(self, asset_id: str, point: Point, *, start: datetime, end: datetime) -> Samples:
        """Give the raw samples of one point in [start, end), at most the newest POINTS_PER_QUERY_MAX."""
        tables = self._query.between(
            READING,
            _SAMPLE,
            start_ms=ms_of(start),
            end_ms=ms_of(end),
            where=of_series(asset_id, point.value),
        )
        rows = [row for table in tables for row in table.rows][-POINTS_PER_QUERY_MAX:]
        good = [row[1] is not None for row in rows]
        values = [row[1] if row[1] is not None else row[3] for row in rows]
        return Samples(
            at_ms=np.array([row[0] for row in rows], dtype=np.int64),
            value=np.array(values, dtype=np.float64),
            good=np.array(good, dtype=np.bool_),
        )

    def coverage(
        self, asset_ids: Sequence[str], point: Point, start: datetime, end: datetime
    ) -> Mapping[str, float]:
        """Give for each asset the fraction of [start, end) that good readings cover; 0.0 without periods."""
        means = self.means_many(asset_ids, point, start, end)
        return {
            asset_id: float(mean.coverage.mean()) if mean.coverage.size else 0.0
            for asset_id, mean in means.items()
        }

    def close(self) -> None:
        """Let the connection go."""
        self._query.close()

    def __enter__(self) -> "InfluxTelemetry":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _latest_before(self, present_ms: int | None) -> dict[tuple[str, Point], Reading]:
        tables = self._query.newest(
            READING,
            _SAMPLE,
            where="" if present_ms is None else f"time <= {present_ms}ms",
            group=" GROUP BY asset, point",
        )
        readings = [_reading(table) for table in tables if table.tags.get("point") in _POINTS]
        return {(reading.asset_id, reading.point): reading for reading in readings}

    def _means(
        self, asset_id: str, point: Point, first: datetime, periods: int, known_at: datetime | None
    ) -> Means:
        stretch = _Stretch(asset_id=asset_id, point=point, begin=period_of(first), periods=periods)
        known_ms = None if known_at is None else ms_of(known_at)
        value, coverage = np.full(periods, np.nan), np.zeros(periods)
        for at_ms, mean in self._rows(MEAN_IMPORT, ["value"], stretch):
            if known_ms is None or at_ms + PERIOD_MS <= known_ms:
                place = stretch.place(at_ms)
                value[place], coverage[place] = mean, 1.0
        for at_ms, mean, covered_ms in self._versions(MEAN, ["value", "covered_ms"], stretch, known_ms):
            place = stretch.place(at_ms)
            if np.isnan(value[place]) or covered_ms >= COVERED_MS_OVER_IMPORT:
                value[place], coverage[place] = mean, covered_ms / PERIOD_MS
        return Means(start=first, value=value, coverage=coverage)

    def _register(
        self, asset_id: str, point: Point, first: datetime, boundaries: int, known_at: datetime
    ) -> FloatArray | None:
        """Give register readings at boundaries; None where the asset has no such register."""
        stretch = _Stretch(asset_id=asset_id, point=point, begin=period_of(first), periods=boundaries)
        readings: FloatArray = np.full(boundaries, np.nan)
        rows = self._versions(REGISTER, ["energy_kwh"], stretch, ms_of(known_at))
        for at_ms, energy_kwh in rows:
            readings[stretch.place(at_ms)] = energy_kwh
        if rows:
            return readings
        tables = self._query.newest(READING, _SAMPLE, where=of_series(asset_id, point.value))
        last = [row for table in tables for row in table.rows]
        missing = not last or (last[0][1] is None and last[0][2] == Quality.NOT_IMPLEMENTED.value)
        return None if missing else readings

    def _versions(
        self, measurement: str, columns: list[str], stretch: "_Stretch", known_ms: int | None
    ) -> list[Sequence[float]]:
        """Give the rows as they were known at a moment, without their ``known_ms``."""
        wanted = [*columns, "known_ms"]
        rows = self._rows(measurement, wanted, stretch)
        if known_ms is None:
            return [row[:-1] for row in rows]
        known = {row[0]: row for row in rows if row[-1] <= known_ms}
        if len(known) < len(rows):
            for row in self._rows(f"{measurement}_before", wanted, stretch):
                other = known.get(row[0])
                if row[-1] <= known_ms and (other is None or row[-1] > other[-1]):
                    known[row[0]] = row
        return [row[:-1] for _, row in sorted(known.items())]

    def _rows(self, measurement: str, columns: list[str], stretch: "_Stretch") -> list[Sequence[float]]:
        if stretch.periods == 0:
            return []
        tables = self._query.between(
            measurement,
            columns,
            start_ms=stretch.begin * PERIOD_MS,
            end_ms=(stretch.begin + stretch.periods) * PERIOD_MS,
            where=of_series(stretch.asset_id, stretch.point.value),
        )
        return [row for table in tables for row in table.rows if None not in row]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Consecutive quarter hours of one point."""

    asset_id: str
    point: Point
    begin: int
    periods: int

    def place(self, at_ms: float) -> int:
        """Give the place of a quarter hour's beginning among them."""
        return int(at_ms) // PERIOD_MS - self.begin


def _reading(table: Table) -> Reading:
    asset_id, point = table.tags["asset"], _POINTS[table.tags["point"]]
    at_ms, value, quality, doubted = table.rows[0]
    if value is None and quality not in _QUALITIES:
        raise RecordBroken(f"the latest reading of {asset_id} {point} has no value and no quality")
    return Reading(
        asset_id=asset_id,
        point=point,
        value=_float(value if value is not None else doubted),
        quality=Quality.GOOD if value is not None else _QUALITIES[quality],
        measured_at=moment_of(at_ms),
    )


def _float(value: float | None) -> float | None:
    """JSON writes a float without a fraction as an integer."""
    return None if value is None else float(value)
