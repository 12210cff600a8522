"""Writes what was measured, and keeps the quarter-hour means up as it arrives."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import numpy as np

from energy.domain import FloatArray, Point, Quality, Reading
from energy.historian.averaging import (
    COVERED_MS_OVER_IMPORT,
    REACH_MS,
    REGISTERS,
    IntArray,
    between,
    has_means,
    register_at,
    shares,
    weigh,
)
from energy.historian.instants import MS_PER_S, PERIOD_MS, ms_of, period_of
from energy.historian.limits import LATE_S_MAX, SAMPLES_KEPT_DAYS
from energy.historian.schema import GOOD, QUALITIES, SOURCE_IMPORT, SOURCE_MEASURED
from energy.historian.telemetry_queries import import_window
from energy.sqlite_file import SqliteFile

_QUALITY_NUMBER = {Quality(name): number for number, name in enumerate(QUALITIES)}
_DAY_MS = 86_400_000
_PRUNE_ROWS_MIN = 1_000
_PRUNE_PER_WRITTEN = 2
"""Old samples go twice as fast as new ones come, so that a tick never pays for a long clean-up."""
_INSERT_SAMPLE = (
    "INSERT INTO sample (at_ms, series, quality, value) VALUES (?, ?, ?, ?)"  # noqa: S608 - constants
    " ON CONFLICT DO UPDATE"
    " SET quality = excluded.quality, value = excluded.value"
    f" WHERE excluded.quality = {GOOD} OR quality <> {GOOD}"
)
_INSERT_LATEST = (
    "INSERT INTO latest (at_ms, series, quality, value) VALUES (?, ?, ?, ?)"  # noqa: S608 - constants
    " ON CONFLICT DO UPDATE"
    " SET at_ms = excluded.at_ms, quality = excluded.quality, value = excluded.value"
    f" WHERE excluded.at_ms >= at_ms OR excluded.at_ms < at_ms - {LATE_S_MAX * MS_PER_S}"
)
_INSERT_MEAN = (
    "INSERT INTO mean (series, period, value, covered_ms, source)"  # noqa: S608 - constants
    " VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE"
    " SET value = excluded.value, covered_ms = excluded.covered_ms, source = excluded.source"
    " WHERE (excluded.source = source AND excluded.covered_ms >= covered_ms)"
    f" OR (excluded.source = {SOURCE_MEASURED} AND excluded.covered_ms >= {COVERED_MS_OVER_IMPORT})"
    f" OR (source = {SOURCE_MEASURED} AND covered_ms < {COVERED_MS_OVER_IMPORT})"
)
"""Samples only ever add coverage; less of it means that the period's samples were deleted with age."""
_INSERT_REGISTER = "INSERT OR REPLACE INTO register (series, period, energy_kwh) VALUES (?, ?, ?)"
_Sample = tuple[int, int, int, float | None]
"""at_ms, series, quality, value"""


@dataclass(slots=True)
class _Running:
    """The period that a series is in: what its samples add up to so far."""

    last_ms: int
    last_value: float
    period: int
    weighted: float
    covered_ms: int
    changed: bool


class TelemetryWriter:
    """The writing side of telemetry in one SQLite file; its owner commits.

    After a failed write the owner rolls back and calls ``forget``: the sums in memory are then made anew from
    the file.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._series: dict[tuple[str, Point], int] = {}
        self._running: dict[int, _Running] | None = None
        self._registers: set[int] = set()
        self._without_means: set[int] = set()
        self._newest_period = 0
        self._known_from = 0
        """Sums in memory are complete from this period on; earlier ones are added up from the file."""
        self._written = 0

    def forget(self) -> None:
        """Drop what is kept in memory; the next write reads it back from the file."""
        self._running = None
        self._series.clear()
        self._registers.clear()
        self._without_means.clear()

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record samples and bring the means up to date; order and delay do not matter.

        A sample of the same point and moment replaces an earlier one unless it is worse. The latest reading
        of a point is the newest one, or the last one written where that is more than LATE_S_MAX older: then
        the clock went back.
        """
        if not readings:
            return
        self._file.begin()
        running = self._resume()
        rows = [self._row(reading) for reading in readings]
        self._file.executemany(_INSERT_SAMPLE, rows)
        self._file.executemany(_INSERT_LATEST, rows)
        self._written += len(rows)
        newest = max(row[0] for row in rows) // PERIOD_MS
        advanced = newest > self._newest_period
        self._newest_period = max(newest, self._newest_period)
        late: dict[int, set[int]] = {}
        registers: list[tuple[int, int, float]] = []
        means: list[tuple[int, int, float, int, int]] = []
        for at_ms, series, quality, value in rows:
            if quality != GOOD or value is None or series in self._without_means:
                continue
            if self._is_late(running.get(series), at_ms, value):
                for period in range((at_ms - REACH_MS) // PERIOD_MS, (at_ms + REACH_MS) // PERIOD_MS + 1):
                    late.setdefault(period, set()).add(series)
                continue
            if series in self._registers:
                registers.extend(_boundary(series, running.get(series), at_ms, value))
            means.extend(self._add(running, series, at_ms, value))
        means.extend(
            self._over(running.items() if advanced else ((row[1], running.get(row[1])) for row in rows))
        )
        self._file.executemany(_INSERT_MEAN, means)
        self._file.executemany(_INSERT_REGISTER, registers)
        for period in sorted(late):
            self._add_up(running, period, late[period])

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out, what was well measured stays.

        Args:
            asset_id: the asset.
            point: its point.
            start: label of the first period.
            values: shape (periods,), in our sign and unit.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, values.size)
        self._file.begin()
        series, begin = self._number(asset_id, point), period_of(start)
        places = np.flatnonzero(np.isfinite(values))
        rows = (
            (series, period, value, PERIOD_MS, SOURCE_IMPORT)
            for period, value in zip((places + begin).tolist(), values[places].tolist(), strict=True)
        )
        self._file.executemany(_INSERT_MEAN, rows)

    def prune(self, now: datetime) -> None:
        """Delete some of the raw samples that are too old: as much as keeps up with what is written."""
        cutoff_ms = ms_of(now) - SAMPLES_KEPT_DAYS * _DAY_MS
        quota = _PRUNE_ROWS_MIN + _PRUNE_PER_WRITTEN * self._written
        self._written = 0
        rows = self._file.execute("SELECT at_ms FROM sample ORDER BY at_ms LIMIT 1 OFFSET ?", (quota,))
        limit_ms = min(cutoff_ms, rows[0][0]) if rows else cutoff_ms
        self._file.execute("DELETE FROM sample WHERE at_ms < ?", (limit_ms,))

    def _row(self, reading: Reading) -> _Sample:
        value = reading.value
        kept = value if value is not None and math.isfinite(value) else None
        series = self._number(reading.asset_id, reading.point)
        return ms_of(reading.measured_at), series, _QUALITY_NUMBER[reading.quality], kept

    def _number(self, asset_id: str, point: Point) -> int:
        key = (asset_id, point)
        number = self._series.get(key)
        if number is None:
            self._file.execute(
                "INSERT OR IGNORE INTO series (asset_id, point) VALUES (?, ?)", (asset_id, str(point))
            )
            number = int(
                self._file.execute(
                    "SELECT id FROM series WHERE asset_id = ? AND point = ?", (asset_id, str(point))
                )[0][0]
            )
            self._keep(number, asset_id, point)
        return number

    def _keep(self, number: int, asset_id: str, point: Point) -> None:
        """Remember a series, and what it is used for."""
        self._series[asset_id, point] = number
        if point in REGISTERS:
            self._registers.add(number)
        if not has_means(point):
            self._without_means.add(number)

    def _is_late(self, run: _Running | None, at_ms: int, value: float) -> bool:
        if run is None:
            return (at_ms - REACH_MS) // PERIOD_MS < self._known_from
        repeated = at_ms == run.last_ms and value == run.last_value
        return at_ms <= run.last_ms and not repeated

    def _add(
        self, running: dict[int, _Running], series: int, at_ms: int, value: float
    ) -> Iterator[tuple[int, int, float, int, int]]:
        """Add a sample to its series; yield the mean of a period that it left behind."""
        run = running.get(series)
        from_ms = at_ms - REACH_MS
        if run is None:
            run = running[series] = _Running(
                last_ms=from_ms,
                last_value=value,
                period=from_ms // PERIOD_MS,
                weighted=0.0,
                covered_ms=0,
                changed=False,
            )
        for period, weight_ms in shares(max(from_ms, run.last_ms), at_ms):
            if period != run.period:
                yield from _mean(series, run)
                run.period, run.weighted, run.covered_ms = period, 0.0, 0
            run.weighted += weight_ms * value
            run.covered_ms += weight_ms
            run.changed = True
        run.last_ms, run.last_value = at_ms, value

    def _over(
        self, runs: Iterable[tuple[int, _Running | None]]
    ) -> Iterator[tuple[int, int, float, int, int]]:
        """Yield the means of periods that are over, also of series that have not said so themselves."""
        for series, run in runs:
            if run is not None and run.changed and run.period < self._newest_period:
                yield from _mean(series, run)

    def _resume(self) -> dict[int, _Running]:
        """Give the sums of the current period, added up from the file after a start or a failure."""
        if self._running is None:
            for number, asset_id, point in self._file.execute("SELECT id, asset_id, point FROM series"):
                self._keep(number, asset_id, Point(point))
            newest = self._file.execute("SELECT max(at_ms) FROM sample")[0][0]
            self._newest_period = self._known_from = 0 if newest is None else newest // PERIOD_MS
            self._running = {}
            self._add_up(self._running, self._newest_period, None)
        return self._running

    def _add_up(self, running: dict[int, _Running], period: int, only: AbstractSet[int] | None) -> None:
        """Make one period's means and register readings anew from the samples; None means every series."""
        boundary_ms, end_ms = period * PERIOD_MS, (period + 1) * PERIOD_MS
        means: list[tuple[int, int, float, int, int]] = []
        registers: list[tuple[int, int, float]] = []
        for series, (at_ms, value) in self._good_samples(period, only).items():
            weighted, covered_ms = weigh(at_ms, value, period)
            if covered_ms and period < self._newest_period:
                means.append((series, period, weighted / covered_ms, covered_ms, SOURCE_MEASURED))
            run = running.get(series)
            known_from = self._known_from if run is None else run.period
            if covered_ms and at_ms[-1] <= end_ms and period >= known_from:
                running[series] = _Running(
                    last_ms=int(at_ms[-1]),
                    last_value=float(value[-1]),
                    period=period,
                    weighted=weighted,
                    covered_ms=covered_ms,
                    changed=period >= self._newest_period,
                )
            reading = register_at(boundary_ms, at_ms, value) if series in self._registers else None
            if reading is not None:
                registers.append((series, period, reading))
        self._file.executemany(_INSERT_MEAN, means)
        self._file.executemany(_INSERT_REGISTER, registers)

    def _good_samples(
        self, period: int, only: AbstractSet[int] | None
    ) -> Mapping[int, tuple[IntArray, FloatArray]]:
        rows = self._file.execute(
            "SELECT series, at_ms, value FROM sample WHERE at_ms >= ? AND at_ms <= ? AND quality = ?"
            " AND value IS NOT NULL ORDER BY series, at_ms",
            (period * PERIOD_MS - REACH_MS, (period + 1) * PERIOD_MS + REACH_MS, GOOD),
        )
        samples: dict[int, tuple[IntArray, FloatArray]] = {}
        for series, group in groupby(rows, key=itemgetter(0)):
            if series not in self._without_means and (only is None or series in only):
                _, at_ms, value = zip(*group, strict=True)
                samples[series] = np.array(at_ms, dtype=np.int64), np.array(value, dtype=np.float64)
        return samples


def _mean(series: int, run: _Running) -> Iterator[tuple[int, int, float, int, int]]:
    if run.changed and run.covered_ms:
        yield series, run.period, run.weighted / run.covered_ms, run.covered_ms, SOURCE_MEASURED
    run.changed = False


def _boundary(
    series: int, run: _Running | None, at_ms: int, value: float
) -> Iterator[tuple[int, int, float]]:
    """Yield the register reading at the boundary that a sample reaches or passes."""
    period = at_ms // PERIOD_MS
    boundary_ms = period * PERIOD_MS
    if at_ms == boundary_ms:
        yield series, period, value
    elif run is not None and run.last_ms < boundary_ms:
        reading = between(boundary_ms, before=(run.last_ms, run.last_value), after=(at_ms, value))
        if reading is not None:
            yield series, period, reading
