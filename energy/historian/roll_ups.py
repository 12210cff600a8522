"""When a local day is over: its slabs go into pages, and hours, days, minutes and its quality are worked out.

Some series at a time, so that no tick pays for all of them. A day that gets late data is open again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from energy.historian.averaging import REACH_MS, uncovered, weigh_steps
from energy.historian.instants import HOUR_MS, MINUTE_MS, PERIOD_MS
from energy.historian.local_days import bounds_ms, day_of, edges_ms
from energy.historian.period_values import Slabs, Values, without_history
from energy.historian.resolutions import grouped
from energy.historian.sample_blocks import Column
from energy.historian.schema import QUALITIES
from energy.historian.telemetry_pages import KEY_BITS, Pages
from energy.historian.telemetry_samples import SampleWriter
from energy.sqlite_file import SqliteFile

PERIODS_PER_PAGE = 96
HOURS_PER_PAGE = 168
DAYS_PER_PAGE = 64
MINUTES_PER_PAGE = 1440
MEANS, BOUNDARIES = 0, 1
"""Kinds of slabs: append only."""
_HOUR_PERIODS = HOUR_MS // PERIOD_MS
_VISIT_COSTS = 400
"""What a series' day costs besides its samples, counted in samples."""


class Tables(NamedTuple):
    """All that is kept by period."""

    quarter: Pages
    boundary: Pages
    minute: Pages
    hour: Pages
    day: Pages


def tables(file: SqliteFile) -> Tables:
    """Give access to what is kept by period."""
    return Tables(
        quarter=Pages(file, "quarter", per_page=PERIODS_PER_PAGE, kind=MEANS),
        boundary=Pages(file, "boundary", per_page=PERIODS_PER_PAGE, settled_ms=0, kind=BOUNDARIES),
        minute=Pages(file, "minute", per_page=MINUTES_PER_PAGE, step_ms=MINUTE_MS),
        hour=Pages(file, "hour", per_page=HOURS_PER_PAGE, step_ms=HOUR_MS),
        day=Pages(file, "day", per_page=DAYS_PER_PAGE),
    )


def minutes_of(good: Column, start_ms: int, minutes: int) -> Values:
    """Work out minutes from good samples."""
    weighted, covered_ms = weigh_steps(
        good.at_ms, good.value, start_ms=start_ms, step_ms=MINUTE_MS, steps=minutes
    )
    return without_history(weighted, covered_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """How well a series was measured on a day; counts are by the number of the quality."""

    covered_ms: int
    gaps: int
    longest_gap_ms: int
    counts: tuple[int, ...]


def quality_of(column: Column, start_ms: int, end_ms: int) -> QualityRow:
    """Judge the samples of [start_ms, end_ms); the column reaches ``REACH_MS`` over it on both sides."""
    inside = (column.at_ms >= start_ms) & (column.at_ms < end_ms)
    counts = np.bincount(column.quality[inside], minlength=len(QUALITIES))
    starts, ends = uncovered(column.at_ms[column.good], start_ms, end_ms)
    lengths = ends - starts
    return QualityRow(
        covered_ms=end_ms - start_ms - int(lengths.sum()),
        gaps=lengths.size,
        longest_gap_ms=int(lengths.max()) if lengths.size else 0,
        counts=tuple(counts.tolist()),
    )


def read_quality(file: SqliteFile, series: int, first: int, last: int) -> dict[int, QualityRow]:
    """Give by day what is kept of the days [first, last]."""
    base = series << KEY_BITS
    rows = file.execute(
        "SELECT key, covered_ms, gaps, longest_gap_ms, counts FROM quality WHERE key >= ? AND key <= ?",
        (base + first, base + last),
    )
    return {
        key - base: QualityRow(
            covered_ms=covered_ms,
            gaps=gaps,
            longest_gap_ms=longest_gap_ms,
            counts=tuple(np.frombuffer(counts, dtype="<u4").tolist()),
        )
        for key, covered_ms, gaps, longest_gap_ms, counts in rows
    }


@dataclass(slots=True, kw_only=True)
class _Job:
    """A day that is being rolled up: what is left to do."""

    day: int
    series: list[int]
    means: Slabs
    boundaries: Slabs
    last_id: int
    reopened: bool = False


class RollUps:
    """Closes days in one SQLite file; its owner begins and commits.

    Args:
        file: the file.
        zone: the region's.
        samples: where the samples lie.
        has_means: tells of a series' number whether it has means.
    """

    def __init__(
        self, file: SqliteFile, zone: ZoneInfo, samples: SampleWriter, has_means: Callable[[int], bool]
    ) -> None:
        self._file = file
        self._zone = zone
        self._samples = samples
        self._has_means = has_means
        self.tables = tables(file)
        self._job: _Job | None = None
        self._open = {day for (day,) in file.execute("SELECT day FROM open_day")}
        self._oldest_end_ms = self._end_of_oldest()
        self._span_ms = (0, 0)

    def open_days_of(self, from_ms: int, to_ms: int) -> None:
        """Note that something changes between two moments."""
        low_ms, high_ms = self._span_ms
        if low_ms <= from_ms and to_ms < high_ms and self._job is None:
            return
        first, last = day_of(from_ms, self._zone), day_of(to_ms, self._zone)
        for day in range(first, last + 1):
            if self._job is not None and day == self._job.day:
                self._job.reopened = True
            if day not in self._open:
                self._file.execute("INSERT OR IGNORE INTO open_day (day) VALUES (?)", (day,))
                self._open.add(day)
                self._oldest_end_ms = self._end_of_oldest()
        if first == last:
            self._span_ms = bounds_ms(first, self._zone)

    def work(self, credit: int, clock_ms: int) -> int:
        """Close days that are over until as much as ``credit`` samples is done; give what is left of it."""
        while credit > 0:
            if self._job is None and not self._begin_job(clock_ms):
                break
            job = self._job
            if job is None:
                break
            if job.series:
                credit -= self._close(job, job.series.pop())
            else:
                self._end_job(job)
        return credit

    def roll_up(self, series: int, from_ms: int, to_ms: int) -> None:
        """Bring hours and days between two moments up to date with the pages of quarter hours."""
        first, last = day_of(from_ms, self._zone), day_of(to_ms - 1, self._zone)
        days_ms = edges_ms(first, last, self._zone)
        begin = int(days_ms[0]) // HOUR_MS * _HOUR_PERIODS
        stop = -(-int(days_ms[-1]) // HOUR_MS) * _HOUR_PERIODS
        quarters = self.tables.quarter.read_pages(series, begin, stop - begin)
        if not quarters.covered_ms.any():
            return
        hours_ms = np.arange(begin, stop + 1, _HOUR_PERIODS) * PERIOD_MS
        self.tables.hour.overwrite(series, begin // _HOUR_PERIODS, grouped(quarters, begin, hours_ms))
        self.tables.day.overwrite(series, first, grouped(quarters, begin, days_ms))

    def _begin_job(self, clock_ms: int) -> bool:
        if self._oldest_end_ms is None or self._oldest_end_ms + REACH_MS > clock_ms:
            return False
        if self._samples.has_blocks_before(self._oldest_end_ms):
            return False
        day = min(self._open)
        rows = self._file.execute(
            "SELECT id, kind, period, known_ms, series, body FROM slab WHERE day = ? ORDER BY id", (day,)
        )
        self._job = _Job(
            day=day,
            series=[number for (number,) in self._file.execute("SELECT id FROM series ORDER BY id DESC")],
            means=Slabs([row[2:] for row in rows if row[1] == MEANS]),
            boundaries=Slabs([row[2:] for row in rows if row[1] == BOUNDARIES]),
            last_id=rows[-1][0] if rows else 0,
        )
        return True

    def _close(self, job: _Job, series: int) -> int:
        start_ms, end_ms = bounds_ms(job.day, self._zone)
        self.tables.boundary.write(series, *job.boundaries.of(series))
        periods, means = job.means.of(series)
        self.tables.quarter.write(series, periods, means)
        self.roll_up(series, start_ms, end_ms)
        low_ms, high_ms = start_ms - REACH_MS, end_ms + REACH_MS
        column = self._samples.column(series, low_ms, high_ms, self._samples.blocks(end_ms, high_ms))
        found = quality_of(column, start_ms, end_ms)
        if column.at_ms.size and self._write_quality(series, job.day, found) and self._has_means(series):
            self._write_minutes(series, column, start_ms, end_ms)
        return _VISIT_COSTS + column.at_ms.size // 4

    def _write_minutes(self, series: int, column: Column, start_ms: int, end_ms: int) -> None:
        good = column.only(column.good)
        first, count = start_ms // MINUTE_MS, (end_ms - start_ms) // MINUTE_MS
        minutes = minutes_of(good, start_ms, count)
        self.tables.minute.write(series, first + np.arange(count), minutes)

    def _write_quality(self, series: int, day: int, found: QualityRow) -> bool:
        """Keep what was found, unless more was known: then the day's samples were deleted with age."""
        kept = read_quality(self._file, series, day, day).get(day)
        if kept is not None and sum(kept.counts) > sum(found.counts):
            return False
        counts = np.array(found.counts, dtype="<u4").tobytes()
        self._file.execute(
            "INSERT OR REPLACE INTO quality (key, covered_ms, gaps, longest_gap_ms, counts)"
            " VALUES (?, ?, ?, ?, ?)",
            (series << KEY_BITS | day, found.covered_ms, found.gaps, found.longest_gap_ms, counts),
        )
        return True

    def _end_job(self, job: _Job) -> None:
        self._job = None
        self._file.execute("DELETE FROM slab WHERE day = ? AND id <= ?", (job.day, job.last_id))
        if not job.reopened:
            self._file.execute("DELETE FROM open_day WHERE day = ?", (job.day,))
            self._open.discard(job.day)
            self._span_ms = (0, 0)
        self._oldest_end_ms = self._end_of_oldest()

    def _end_of_oldest(self) -> int | None:
        return bounds_ms(min(self._open), self._zone)[1] if self._open else None
