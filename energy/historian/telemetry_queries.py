"""Reads what was measured: latest readings, raw samples, quarter-hour means, energies from registers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray, Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.averaging import REGISTERS, power_from_registers
from energy.historian.instants import PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import POINTS_PER_QUERY_MAX, query_fault, window
from energy.historian.schema import GOOD, NOT_IMPLEMENTED, QUALITIES
from energy.periods import PERIOD
from energy.ports import Means
from energy.sqlite_file import Row, SqliteFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Raw samples of one point in order, all of shape (samples,).

    ``at_ms`` counts milliseconds since 1970 UTC; ``value`` is NaN where there was none to trust; ``good``
    tells which may decide anything.
    """

    at_ms: NDArray[np.int64]
    value: FloatArray
    good: NDArray[np.bool_]


class TelemetryQueries:
    """The reading side of telemetry in one SQLite file.

    Every method raises StoreUnavailable or RecordBroken where the file does, and BadInput where the question
    is too big.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        rows = self._file.execute(
            "SELECT asset_id, point, value, quality, at_ms FROM latest JOIN series ON id = series"
        )
        return {(reading.asset_id, reading.point): reading for reading in map(_reading, rows)}

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of all periods that begin in [start, end), NaN unless complete at ``known_at``.

        A period is in the record once a reading of any point shows that it is over.
        """
        return self.means_many([asset_id], point, start=start, end=end, known_at=known_at)[asset_id]

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
        begin = period_of(first)
        stop = min(begin + periods, _periods_known(known_at, begin + periods))
        return {
            asset_id: self._means(asset_id, point, first, periods, begin=begin, stop=stop)
            for asset_id in asset_ids
        }

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from the differences of energy registers at the period boundaries.

        Free of sampling error, so that they balance where sampled means need not. A register that was never
        read or says it is not implemented counts as none; without any the values are NaN. Coverage is 1 where
        all readings are known.
        """
        first, periods = window(start, end)
        begin = period_of(first)
        stop = max(begin, min(begin + periods, _periods_known(known_at, begin + periods)))
        registers = [
            self._register(asset_id, point, begin=begin, boundaries=periods + 1) for point in REGISTERS
        ]
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
            value[stop - begin :] = np.nan
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def samples(self, asset_id: str, point: Point, *, start: datetime, end: datetime) -> Samples:
        """Give the raw samples of one point in [start, end), at most the newest POINTS_PER_QUERY_MAX."""
        rows = self._file.execute(
            "SELECT at_ms, value, quality FROM sample WHERE at_ms >= ? AND at_ms < ?"
            " AND series = (SELECT id FROM series WHERE asset_id = ? AND point = ?)"
            " ORDER BY at_ms DESC LIMIT ?",
            (ms_of(start), ms_of(end), asset_id, str(point), POINTS_PER_QUERY_MAX),
        )[::-1]
        return Samples(
            at_ms=np.array([row[0] for row in rows], dtype=np.int64),
            value=np.array([row[1] for row in rows], dtype=np.float64),
            good=np.array([row[2] == GOOD and row[1] is not None for row in rows], dtype=np.bool_),
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

    def _means(
        self, asset_id: str, point: Point, start: datetime, periods: int, *, begin: int, stop: int
    ) -> Means:
        rows = self._file.execute(
            "SELECT period, value, covered_ms FROM mean WHERE period >= ? AND period < ?"
            " AND series = (SELECT id FROM series WHERE asset_id = ? AND point = ?)",
            (begin, stop, asset_id, str(point)),
        )
        value, coverage = np.full(periods, np.nan), np.zeros(periods)
        if rows:
            columns = np.array(rows, dtype=np.float64)
            index = columns[:, 0].astype(np.int64) - begin
            value[index], coverage[index] = columns[:, 1], columns[:, 2] / PERIOD_MS
        return Means(start=start, value=value, coverage=coverage)

    def _register(self, asset_id: str, point: Point, *, begin: int, boundaries: int) -> FloatArray | None:
        series = self._file.execute(
            "SELECT id, quality FROM series JOIN latest ON id = series WHERE asset_id = ? AND point = ?",
            (asset_id, str(point)),
        )
        if not series or series[0][1] == NOT_IMPLEMENTED:
            return None
        rows = self._file.execute(
            "SELECT period, energy_kwh FROM register WHERE series = ? AND period >= ? AND period < ?",
            (series[0][0], begin, begin + boundaries),
        )
        readings: FloatArray = np.full(boundaries, np.nan)
        for period, energy_kwh in rows:
            readings[period - begin] = energy_kwh
        return readings


def import_window(start: datetime, periods: int, *, series: int = 1) -> None:
    """Check that an import fits a query and begins at a quarter hour.

    Raises:
        BadInput: it does not.
    """
    first, _ = window(start, start + periods * PERIOD, series=series)
    if first != start:
        raise query_fault(
            "start", value=start.isoformat(), limit="no quarter hour begins there", mend="round it down"
        )


def _periods_known(known_at: datetime | None, stop: int) -> int:
    """Give the number of the first period that was not over yet."""
    return stop if known_at is None else ms_of(known_at) // PERIOD_MS


def _reading(row: Row) -> Reading:
    asset_id, point, value, quality, at_ms = row
    try:
        return Reading(
            asset_id=asset_id,
            point=Point(point),
            value=value,
            quality=Quality(QUALITIES[quality]),
            measured_at=moment_of(at_ms),
        )
    except (ValueError, IndexError) as error:
        raise RecordBroken(f"the latest reading of {asset_id} {point} makes no sense: {error}") from error
