"""Writes what was measured: raw samples, the latest of every point, and quarter-hour means as they arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray, Point, Quality, Reading
from energy.historian.averaging import REACH_MS, has_means
from energy.historian.columns import IntArray
from energy.historian.instants import HOUR_MS, MS_PER_S, PERIOD_MS, ms_of, period_of
from energy.historian.limits import LATE_S_MAX, SETTLING_S
from energy.historian.local_days import day_of
from energy.historian.newest_readings import NewestReadings
from energy.historian.period_values import Values, pack_slab
from energy.historian.roll_ups import BOUNDARIES, MEANS, RollUps
from energy.historian.running_means import Found, RunningMeans
from energy.historian.sample_blocks import Column
from energy.historian.schema import GOOD, QUALITIES, SOURCE_IMPORT
from energy.historian.telemetry_queries import import_window
from energy.historian.telemetry_samples import Arrival, SampleWriter
from energy.sqlite_file import SqliteFile

WORK_PER_SAMPLE = 3
"""Old samples are rewritten three times as fast as new ones come, so that upkeep never falls behind."""
WORK_A_TICK_MIN = 1_000
"""Samples rewritten a tick at least while there is something to do."""
_QUALITY_NUMBER = {Quality(name): number for number, name in enumerate(QUALITIES)}
_ASSET, _POINT = attrgetter("asset_id"), attrgetter("point")
_MOMENT, _QUALITY, _VALUE = attrgetter("measured_at"), attrgetter("quality"), attrgetter("value")
_UNENDING = 2**62


class _Tick:
    """The series of the readings written last; mostly the next ones are of the same."""

    def __init__(self, assets: list[str], points: list[Point], series: IntArray) -> None:
        self.assets = assets
        self.points = points
        self.series = series
        self.turns = list(_turns(series))
        """Places to take one after the other, so that each turn holds a series once."""
        self.once = series[self.turns[0]] if self.turns else series


@dataclass(slots=True, kw_only=True)
class _State:
    """What is kept in memory; ``clock_ms`` is the record's own clock: the newest moment seen in readings."""

    clock_ms: int
    running: RunningMeans
    newest: NewestReadings
    roll_ups: RollUps


class TelemetryWriter:
    """The writing side of telemetry in one SQLite file; its owner commits.

    After a failed write the owner rolls back and calls ``forget``: what is kept in memory is then made anew
    from the file.
    """

    def __init__(self, file: SqliteFile, zone: ZoneInfo) -> None:
        self._file = file
        self._zone = zone
        self._samples = SampleWriter(file)
        self._series: dict[tuple[str, Point], int] = {}
        self._state: _State | None = None
        self._tick = _Tick([], [], np.empty(0, dtype=np.int64))
        self._credit = 0

    def forget(self) -> None:
        """Drop what is kept in memory; the next write reads it back from the file."""
        self._state = None
        self._series.clear()
        self._samples.forget()
        self._tick = _Tick([], [], np.empty(0, dtype=np.int64))
        self._credit = 0

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record samples and bring the means up to date; order and delay do not matter.

        A sample of the same point and moment replaces an earlier one unless it is worse. The latest reading
        of a point is the newest one, or the last one written where that is more than LATE_S_MAX older: then
        the clock went back.
        """
        if not readings:
            return
        self._file.begin()
        state = self._resume()
        arrival = self._arrival(readings, state.running)
        at_ms = np.full(len(readings), arrival.base_ms) if arrival.at_ms is None else arrival.at_ms
        newest_ms = int(at_ms.max())
        if state.clock_ms - newest_ms > LATE_S_MAX * MS_PER_S:
            state.clock_ms = newest_ms
            state.running = self._running_at(newest_ms)
        state.clock_ms = max(state.clock_ms, newest_ms)
        self._samples.write(arrival, state.clock_ms)
        self._open_days(state.roll_ups, at_ms)
        self._add(state, arrival, at_ms)
        state.newest.write()
        self._work(state, len(readings))

    def import_means(
        self, asset_id: str, point: Point, start: datetime, values: FloatArray, known_at: datetime | None
    ) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out, what was well measured stays.

        Args:
            asset_id: the asset.
            point: its point.
            start: label of the first period.
            values: shape (periods,), in our sign and unit.
            known_at: since when they are known; None means each since the end of its period.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, values.size)
        self._file.begin()
        state = self._resume()
        series = self._number(asset_id, point, state.running)
        places = np.flatnonzero(np.isfinite(values))
        if places.size == 0:
            return
        periods = places + period_of(start)
        ends_ms = (periods + 1) * PERIOD_MS
        given = Values(
            value=values[places],
            covered_ms=np.full(places.size, PERIOD_MS, dtype=np.int64),
            source=np.full(places.size, SOURCE_IMPORT, dtype=np.int64),
            known_ms=ends_ms if known_at is None else np.maximum(ends_ms, ms_of(known_at)),
        )
        state.roll_ups.tables.quarter.write(series, periods, given)
        state.roll_ups.roll_up(series, int(periods[0]) * PERIOD_MS, int(ends_ms[-1]))

    def settle(self) -> None:
        """Do all upkeep that is due, however long it takes."""
        self._file.begin()
        state = self._resume()
        self._samples.work(_UNENDING, state.clock_ms)
        state.roll_ups.work(_UNENDING, state.clock_ms)

    def _work(self, state: _State, written: int) -> None:
        """Rewrite what is over, some of it."""
        earned = WORK_PER_SAMPLE * written
        credit = min(self._credit + max(earned, WORK_A_TICK_MIN), max(earned, WORK_A_TICK_MIN))
        credit = self._samples.work(credit, state.clock_ms)
        self._credit = state.roll_ups.work(credit, state.clock_ms)

    def _add(self, state: _State, arrival: Arrival, at_ms: IntArray) -> None:
        running, means, registers = state.running, Found(), Found()
        newest_period = state.clock_ms // PERIOD_MS
        advanced = newest_period > running.newest_period
        running.newest_period = max(newest_period, running.newest_period)
        late: dict[int, set[int]] = {}
        good = np.isfinite(arrival.value)
        quality = arrival.quality
        if isinstance(quality, int):
            quality = np.full(at_ms.size, quality, dtype=np.int64)
        good &= quality == GOOD
        for turn in self._tick.turns:
            state.newest.add(arrival.series[turn], at_ms[turn], quality[turn], arrival.value[turn])
            chosen = turn if good.all() else turn[good[turn]]
            came_late = running.add(
                arrival.series[chosen], at_ms[chosen], arrival.value[chosen], means, registers
            )
            for series, moment_ms in zip(*(column.tolist() for column in came_late), strict=True):
                for period in range(
                    (moment_ms - REACH_MS) // PERIOD_MS, (moment_ms + REACH_MS) // PERIOD_MS + 1
                ):
                    late.setdefault(period, set()).add(series)
        running.end_periods(None if advanced else self._tick.once, means)
        for period in sorted(late):
            samples = self._around(period, late[period])
            running.add_up(period, samples, means, registers)
        self._write_slabs(MEANS, means, PERIOD_MS, state.clock_ms)
        self._write_slabs(BOUNDARIES, registers, 0, state.clock_ms)

    def _around(self, period: int, series: Iterable[int]) -> dict[int, Column]:
        """Give the good samples that a quarter hour is worked out from."""
        low_ms, high_ms = period * PERIOD_MS - REACH_MS, (period + 1) * PERIOD_MS + REACH_MS
        return self._samples.good(sorted(series), low_ms, high_ms)

    def _write_slabs(self, kind: int, found: Found, settled_ms: int, clock_ms: int) -> None:
        if not found.parts:
            return
        series, periods, value, covered_ms = map(np.concatenate, zip(*found.parts, strict=True))
        rows = []
        for period in np.unique(periods).tolist():
            mine = np.flatnonzero(periods == period)[::-1]
            numbers, last = np.unique(series[mine], return_index=True)
            mine = mine[last]
            start_ms = period * PERIOD_MS
            usual_ms = start_ms + settled_ms
            known_ms = usual_ms if clock_ms <= usual_ms + SETTLING_S * MS_PER_S else clock_ms
            body = pack_slab(value[mine], covered_ms[mine])
            day = day_of(start_ms, self._zone)
            rows.append((kind, day, period, known_ms, numbers.astype("<u4").tobytes(), body))
        self._file.executemany(
            "INSERT INTO slab (kind, day, period, known_ms, series, body) VALUES (?, ?, ?, ?, ?, ?)", rows
        )

    def _open_days(self, roll_ups: RollUps, at_ms: IntArray) -> None:
        low_ms, high_ms = int(at_ms.min()), int(at_ms.max())
        if high_ms - low_ms <= HOUR_MS:
            roll_ups.open_days_of(low_ms - REACH_MS, high_ms + REACH_MS)
            return
        for hour in np.unique(at_ms // HOUR_MS).tolist():
            roll_ups.open_days_of(hour * HOUR_MS - REACH_MS, (hour + 1) * HOUR_MS + REACH_MS)

    def _arrival(self, readings: Sequence[Reading], running: RunningMeans) -> Arrival:
        assets, points = list(map(_ASSET, readings)), list(map(_POINT, readings))
        if assets != self._tick.assets or points != self._tick.points:
            numbers = [self._number(*key, running) for key in zip(assets, points, strict=True)]
            self._tick = _Tick(assets, points, np.array(numbers, dtype=np.int64))
        moments = list(map(_MOMENT, readings))
        at_ms: IntArray | None = None
        if moments.count(moments[0]) != len(moments):
            known = {moment: ms_of(moment) for moment in set(moments)}
            at_ms = np.array([known[moment] for moment in moments], dtype=np.int64)
        qualities = list(map(_QUALITY, readings))
        quality: IntArray | int = _QUALITY_NUMBER[qualities[0]]
        if qualities.count(qualities[0]) != len(qualities):
            quality = np.array([_QUALITY_NUMBER[one] for one in qualities], dtype=np.int64)
        value = np.array(list(map(_VALUE, readings)), dtype=np.float64)
        finite = np.isfinite(value)
        if not finite.all():
            value[~finite] = np.nan
        base_ms = ms_of(moments[0])
        return Arrival(series=self._tick.series, base_ms=base_ms, at_ms=at_ms, quality=quality, value=value)

    def _number(self, asset_id: str, point: Point, running: RunningMeans) -> int:
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
            self._series[key] = number
            running.keep(number, point)
        return number

    def _resume(self) -> _State:
        """Give what is kept in memory, read back from the file after a start or a failure."""
        if self._state is None:
            for number, asset_id, point in self._file.execute("SELECT id, asset_id, point FROM series"):
                self._series[asset_id, Point(point)] = number
            known_ms = self._samples.clock_ms()
            clock_ms = 0 if known_ms is None else known_ms
            self._state = _State(
                clock_ms=clock_ms,
                running=self._running_at(clock_ms),
                newest=NewestReadings(self._file),
                roll_ups=RollUps(self._file, self._zone, self._samples, self._has_means),
            )
        return self._state

    def _running_at(self, clock_ms: int) -> RunningMeans:
        """Add up the quarter hour that contains a moment from the samples."""
        running = RunningMeans(clock_ms // PERIOD_MS)
        for (_, point), number in self._series.items():
            running.keep(number, point)
        counting = [number for (_, point), number in self._series.items() if has_means(point)]
        samples = self._around(running.newest_period, counting)
        running.add_up(running.newest_period, samples, Found(), Found())
        return running

    def _has_means(self, series: int) -> bool:
        return self._state is not None and self._state.running.counts(series)


def _turns(series: IntArray) -> Iterator[IntArray]:
    rest = np.arange(series.size)
    while rest.size:
        _, first = np.unique(series[rest], return_index=True)
        first = np.sort(first)
        yield rest[first]
        rest = np.delete(rest, first)
