"""Telemetry in memory, worked out when asked, with the moment at which everything became known."""

import bisect
import dataclasses
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray, Point, Quality, Reading
from energy.historian.averaging import (
    COVERED_MS_OVER_IMPORT,
    REACH_MS,
    REGISTERS,
    has_means,
    power_from_registers,
    register_at,
    uncovered,
    weigh,
    weigh_steps,
)
from energy.historian.columns import IntArray
from energy.historian.day_quality import told
from energy.historian.instants import (
    HOUR_MS,
    MINUTE_MS,
    MS_PER_S,
    PERIOD_MS,
    moment_of,
    ms_of,
    period_of,
)
from energy.historian.limits import LATE_S_MAX, SETTLING_S, window
from energy.historian.local_days import ZONE, bounds_ms
from energy.historian.period_values import Values, without_history
from energy.historian.resolutions import added, edges, forget_after, grouped, rolled_up
from energy.historian.roll_ups import quality_of
from energy.historian.sample_blocks import Column
from energy.historian.schema import QUALITIES
from energy.historian.telemetry_queries import import_window
from energy.ports import DayQuality, GroupSum, Means, Resolution, RollUp

SAMPLES_PER_POINT_MAX = 250_000
"""Two weeks at 5 s; the oldest go first."""
_SETTLING_MS = SETTLING_S * MS_PER_S
_FOR_EVER_MS = 2**62

_Key = tuple[str, Point]
_Version = tuple[int, float | None, Quality]
"""known_ms, value, quality"""


class MemoryTelemetry:
    """Keeps every version of every sample and import, and answers as of any moment.

    Args:
        zone: the region's; its local days are what is rolled up.
    """

    def __init__(self, *, zone: ZoneInfo = ZONE) -> None:
        self._zone = zone
        self._samples: dict[_Key, dict[int, list[_Version]]] = {}
        self._imports: dict[_Key, dict[int, list[tuple[int, float]]]] = {}
        self._latest: dict[_Key, Reading] = {}
        self._clock_ms = 0
        self._clocks_ms: list[int] = []
        """Where the record's own clock stood, in ascending order: the newest moment seen in readings."""

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record samples; one of the same point and moment replaces an earlier one unless it is worse."""
        if not readings:
            return
        newest_ms = max(ms_of(reading.measured_at) for reading in readings)
        went_back = self._clock_ms - newest_ms > LATE_S_MAX * MS_PER_S
        self._clock_ms = newest_ms if went_back else max(self._clock_ms, newest_ms)
        bisect.insort(self._clocks_ms, self._clock_ms)
        for reading in readings:
            self._keep(reading)

    def import_means(
        self,
        asset_id: str,
        point: Point,
        start: datetime,
        values: FloatArray,
        *,
        known_at: datetime | None = None,
    ) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out, what was well measured stays.

        ``known_at`` is since when they are known; None means each since the end of its period.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, values.size)
        begin, imports = period_of(start), self._imports.setdefault((asset_id, point), {})
        for place in np.flatnonzero(np.isfinite(values)).tolist():
            period = begin + place
            end_ms = (period + 1) * PERIOD_MS
            known_ms = end_ms if known_at is None else max(end_ms, ms_of(known_at))
            imports.setdefault(period, []).append((known_ms, float(values[place])))

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        return dict(self._latest)

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of the periods in [start, end), NaN unless complete at ``known_at``."""
        first, periods = window(start, end)
        values = self._quarters((asset_id, point), period_of(first), periods, ms_of(known_at))
        return Means(start=first, value=values.value, coverage=values.covered_ms / PERIOD_MS)

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from energy registers; see ``TelemetryQueries.energy_means``."""
        first, periods = window(start, end)
        begin, known_ms = period_of(first), ms_of(known_at)
        known = max(0, known_ms // PERIOD_MS - begin)
        registers = [self._register((asset_id, point), begin, periods + 1, known_ms) for point in REGISTERS]
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
            value[known:] = np.nan
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def roll_up(
        self,
        asset_id: str,
        point: Point,
        resolution: Resolution,
        *,
        start: datetime,
        end: datetime,
        known_at: datetime | None = None,
    ) -> RollUp:
        """Give the means of all steps that begin in [start, end); see ``RollUpQueries.roll_up``."""
        around_ms = edges(resolution, start, end, self._zone)
        known_ms = _FOR_EVER_MS if known_at is None else ms_of(known_at)
        if resolution is Resolution.MINUTE:
            values = self._minutes((asset_id, point), around_ms)
        else:
            begin = int(around_ms[0]) // HOUR_MS * HOUR_MS // PERIOD_MS
            stop = -(-int(around_ms[-1]) // PERIOD_MS)
            quarters = self._quarters((asset_id, point), begin, stop - begin, known_ms)
            values = grouped(quarters, begin, around_ms)
        if known_at is not None:
            forget_after(values, around_ms, known_ms)
        return rolled_up(values, around_ms)

    def sums(
        self,
        groups: Mapping[str, Sequence[str]],
        point: Point,
        resolution: Resolution,
        *,
        start: datetime,
        end: datetime,
    ) -> Mapping[str, GroupSum]:
        """Give the sum of each group of assets; NaN where a member has no value."""
        members = sorted({asset_id for group in groups.values() for asset_id in group})
        edges(resolution, start, end, self._zone, series=max(1, len(members)))
        return added(
            groups,
            {one: self.roll_up(one, point, resolution, start=start, end=end) for one in members},
        )

    def quality_by_day(self, asset_id: str, point: Point, *, first: date, last: date) -> Sequence[DayQuality]:
        """Give the local days [first, last] that have begun; a day without any reading is one gap."""
        found: list[DayQuality] = []
        if (asset_id, point) not in self._samples:
            return found
        column = self._column((asset_id, point))
        for day in range(first.toordinal(), last.toordinal() + 1):
            start_ms, end_ms = bounds_ms(day, self._zone)
            end_ms = min(end_ms, self._clock_ms)
            if start_ms >= end_ms:
                break
            row = quality_of(column.between(start_ms - REACH_MS, end_ms + REACH_MS), start_ms, end_ms)
            found.append(told(row, day, end_ms - start_ms))
        return found

    def gaps(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        """Give the stretches of [start, end) that no good reading reaches, as far as the record has come."""
        start_ms, end_ms = ms_of(start), min(ms_of(end), self._clock_ms)
        if end_ms <= start_ms:
            return []
        good = self._good((asset_id, point), _FOR_EVER_MS)
        starts, ends = uncovered(good.between(start_ms, end_ms + REACH_MS).at_ms, start_ms, end_ms)
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return [(moment_of(one), moment_of(other)) for one, other in pairs]

    def _keep(self, reading: Reading) -> None:
        key, at_ms = (reading.asset_id, reading.point), ms_of(reading.measured_at)
        value = reading.value if reading.value is not None and math.isfinite(reading.value) else None
        samples = self._samples.setdefault(key, {})
        versions = samples.setdefault(at_ms, [])
        if not versions or reading.quality is Quality.GOOD or versions[-1][2] is not Quality.GOOD:
            versions.append((self._clock_ms, value, reading.quality))
        if len(samples) > SAMPLES_PER_POINT_MAX:
            del samples[min(samples)]
        latest = self._latest.get(key)
        behind_ms = 0 if latest is None else ms_of(latest.measured_at) - at_ms
        if behind_ms <= 0 or behind_ms > LATE_S_MAX * MS_PER_S:
            self._latest[key] = dataclasses.replace(reading, value=value, measured_at=moment_of(at_ms))

    def _is_over(self, end_ms: int, known_ms: int) -> bool:
        """Tell whether the clock had shown at ``known_ms`` that a moment was reached."""
        place = bisect.bisect_left(self._clocks_ms, end_ms)
        return place < len(self._clocks_ms) and self._clocks_ms[place] <= known_ms

    def _quarters(self, key: _Key, begin: int, periods: int, known_ms: int) -> Values:
        """Work out quarter hours as a record that had stopped at ``known_ms`` would have them."""
        value, covered_ms = np.full(periods, np.nan), np.zeros(periods, dtype=np.int64)
        for period, versions in self._imports.get(key, {}).items():
            known = [imported for since_ms, imported in versions if since_ms <= known_ms]
            if known and begin <= period < begin + periods:
                value[period - begin], covered_ms[period - begin] = known[-1], PERIOD_MS
        moments = np.array(sorted(self._samples.get(key, {})), dtype=np.int64)
        near = {*((moments - 1) // PERIOD_MS).tolist(), *((moments - REACH_MS) // PERIOD_MS).tolist()}
        good: dict[int, Column] = {}
        for period in near if has_means(key[1]) else ():
            start_ms, end_ms = period * PERIOD_MS, (period + 1) * PERIOD_MS
            limit_ms = _settled(end_ms, known_ms)
            if not begin <= period < begin + periods or not self._is_over(end_ms, limit_ms):
                continue
            if limit_ms not in good:
                good[limit_ms] = self._good(key, limit_ms)
            column = good[limit_ms].between(start_ms - REACH_MS, end_ms + REACH_MS)
            weighted, found_ms = weigh(column.at_ms, column.value, period)
            if found_ms and (np.isnan(value[period - begin]) or found_ms >= COVERED_MS_OVER_IMPORT):
                value[period - begin], covered_ms[period - begin] = weighted / found_ms, found_ms
        nothing = np.zeros(periods, dtype=np.int64)
        return Values(value=value, covered_ms=covered_ms, source=nothing, known_ms=nothing)

    def _minutes(self, key: _Key, around_ms: IntArray) -> Values:
        start_ms, steps = int(around_ms[0]), around_ms.size - 1
        if not has_means(key[1]):
            return without_history(np.zeros(steps), np.zeros(steps, dtype=np.int64))
        good = self._good(key, _FOR_EVER_MS).between(start_ms - REACH_MS, int(around_ms[-1]) + REACH_MS)
        return without_history(
            *weigh_steps(good.at_ms, good.value, start_ms=start_ms, step_ms=MINUTE_MS, steps=steps)
        )

    def _register(self, key: _Key, begin: int, boundaries: int, known_ms: int) -> FloatArray | None:
        latest = self._latest.get(key)
        if latest is None or latest.quality is Quality.NOT_IMPLEMENTED:
            return None
        readings: FloatArray = np.full(boundaries, np.nan)
        good: dict[int, Column] = {}
        for place in range(boundaries):
            boundary_ms = (begin + place) * PERIOD_MS
            limit_ms = _settled(boundary_ms, known_ms)
            if limit_ms not in good:
                good[limit_ms] = self._good(key, limit_ms)
            reading = register_at(boundary_ms, good[limit_ms].at_ms, good[limit_ms].value)
            if reading is not None and boundary_ms <= known_ms:
                readings[place] = reading
        return readings

    def _column(self, key: _Key, known_ms: int = _FOR_EVER_MS) -> Column:
        """Give the samples of a point as known at a moment, in order."""
        rows = [
            (at_ms, *known[-1][1:])
            for at_ms, versions in sorted(self._samples.get(key, {}).items())
            if (known := [version for version in versions if version[0] <= known_ms])
        ]
        numbers = {Quality(name): number for number, name in enumerate(QUALITIES)}
        return Column(
            at_ms=np.array([row[0] for row in rows], dtype=np.int64),
            quality=np.array([numbers[row[2]] for row in rows], dtype=np.int64),
            value=np.array([row[1] for row in rows], dtype=np.float64),
        )

    def _good(self, key: _Key, known_ms: int) -> Column:
        column = self._column(key, known_ms)
        return column.only(column.good)


def _settled(end_ms: int, known_ms: int) -> int:
    """Give until when readings count: what settles a mean soon after its end counts as known at its end."""
    return max(known_ms, end_ms + _SETTLING_MS) if known_ms >= end_ms else known_ms
