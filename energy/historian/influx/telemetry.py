"""Answers for what was measured from an InfluxDB server, as the other stores do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray, Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.averaging import (
    REGISTERS,
    power_from_registers,
)
from energy.historian.influx.line_protocol import READING
from energy.historian.influx.query import InfluxQuery, Table
from energy.historian.influx.roll_up_queries import InfluxRollUps
from energy.historian.influx.series_reader import SAMPLE, InfluxSeries
from energy.historian.influx.settings import InfluxSettings
from energy.historian.instants import PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import window
from energy.historian.local_days import ZONE
from energy.historian.telemetry_queries import Samples
from energy.ports import Means

_POINTS = {point.value: point for point in Point}
_QUALITIES = {quality.value: quality for quality in Quality}


class InfluxTelemetry(InfluxRollUps):
    """The reading side of telemetry on a server; what still waits in the spool is not there yet.

    Every method raises StoreUnavailable where the server does not answer, RecordBroken where its answer makes
    no sense, and BadInput where the question is too big. A context manager that closes the connection.
    """

    def __init__(self, settings: InfluxSettings, *, zone: ZoneInfo = ZONE) -> None:
        self._query = InfluxQuery(settings)
        self._series = InfluxSeries(self._query)
        super().__init__(self._series, zone)

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        return self._latest_before(self._series.back_ms())

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
        known_ms = None if known_at is None else ms_of(known_at)
        every = {
            asset_id: self._series.quarters(asset_id, point, period_of(first), periods, known_ms)
            for asset_id in asset_ids
        }
        return {
            asset_id: Means(start=first, value=values.value, coverage=values.covered_ms / PERIOD_MS)
            for asset_id, values in every.items()
        }

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from the differences of energy registers at the period boundaries."""
        first, periods = window(start, end)
        begin, known_ms = period_of(first), ms_of(known_at)
        registers = [
            self._series.register(asset_id, point, begin, periods + 1, known_ms) for point in REGISTERS
        ]
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def samples(self, asset_id: str, point: Point, *, start: datetime, end: datetime) -> Samples:
        """Give the raw samples of one point in [start, end).

        Raises:
            BadInput: there are more than POINTS_PER_QUERY_MAX.
        """
        column = self._series.column(asset_id, point, ms_of(start), ms_of(end) - 1)
        return Samples(at_ms=column.at_ms, value=column.value, good=column.good)

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
            SAMPLE,
            where="" if present_ms is None else f"time <= {present_ms}ms",
            group=" GROUP BY asset, point",
        )
        readings = [_reading(table) for table in tables if table.tags.get("point") in _POINTS]
        return {(reading.asset_id, reading.point): reading for reading in readings}


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
