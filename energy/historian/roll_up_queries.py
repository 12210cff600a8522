"""Reads means at other resolutions, sums over groups, and how well was measured.

Days that are closed are read as they were rolled up; what is still open is worked out from what is there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import Point
from energy.historian.averaging import REACH_MS, uncovered
from energy.historian.columns import IntArray
from energy.historian.day_quality import days_asked, told
from energy.historian.instants import HOUR_MS, MINUTE_MS, PERIOD_MS, moment_of, ms_of
from energy.historian.limits import GAPS_PER_QUERY_MAX, query_fault
from energy.historian.local_days import bounds_ms, day_of, zone_of
from energy.historian.period_values import Slabs, Values
from energy.historian.resolutions import added, edges, forget_after, grouped, rolled_up
from energy.historian.roll_ups import QualityRow, minutes_of, quality_of, read_quality, tables
from energy.historian.schema import QUALITIES
from energy.historian.telemetry_pages import FOR_EVER_MS
from energy.historian.telemetry_samples import SampleReader
from energy.ports import DayQuality, GroupSum, Resolution, RollUp
from energy.sqlite_file import SqliteFile

DAYS_PER_QUERY_MAX = 4_000
"""Ten years of qualities."""


class RollUpQueries:
    """The reading side of everything that is rolled up, in one SQLite file."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._tables = tables(file)
        self._samples = SampleReader(file)

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
        """Give the means of all steps that begin in [start, end); ``known_at`` None takes all there is.

        Quarter hours, hours and days at a moment leave out what became known later. Minutes do not keep
        that: they leave out what was not over at the moment, and tell the rest as it is known now.
        """
        with self._file.snapshot():
            zone = zone_of(self._file)
            around_ms = edges(resolution, start, end, zone)
            read = self._reader(resolution, around_ms, known_at, zone)
            return read(self._numbers([asset_id], point).get(asset_id))

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
        with self._file.snapshot():
            zone = zone_of(self._file)
            around_ms = edges(resolution, start, end, zone, series=max(1, len(members)))
            read = self._reader(resolution, around_ms, None, zone)
            numbers = self._numbers(members, point)
            return added(groups, {asset_id: read(numbers.get(asset_id)) for asset_id in members})

    def quality_by_day(self, asset_id: str, point: Point, *, first: date, last: date) -> Sequence[DayQuality]:
        """Give the local days [first, last] that have begun; a day without any reading is one gap."""
        days = days_asked(first, last, most=DAYS_PER_QUERY_MAX)
        with self._file.snapshot():
            zone, clock_ms = zone_of(self._file), self._samples.clock_ms()
            number = self._numbers([asset_id], point).get(asset_id)
            if clock_ms is None or number is None:
                return []
            stored = read_quality(self._file, number, days.start, days.stop - 1)
            open_days = self._open_days()
            found: list[DayQuality] = []
            for day in days:
                start_ms, end_ms = bounds_ms(day, zone)
                end_ms = min(end_ms, clock_ms)
                if start_ms >= end_ms:
                    break
                row = stored.get(day, _unread(end_ms - start_ms))
                if day in open_days:
                    row = _fuller(row, self._judge(number, start_ms, end_ms))
                found.append(told(row, day, end_ms - start_ms))
        return found

    def gaps(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        """Give the stretches of [start, end) that no good reading reaches, as far as the record has come.

        Raises:
            BadInput: raw samples of the time were deleted with age, or there are too many gaps.
        """
        start_ms, end_ms = ms_of(start), ms_of(end)
        with self._file.snapshot():
            self._require_samples(start_ms)
            clock_ms = self._samples.clock_ms()
            if clock_ms is None:
                return []
            end_ms = min(end_ms, clock_ms)
            if end_ms <= start_ms:
                return []
            number = self._numbers([asset_id], point).get(asset_id)
            moments = (
                np.empty(0, dtype=np.int64)
                if number is None
                else np.concatenate(list(self._good_moments(number, start_ms, end_ms + REACH_MS)))
            )
        starts, ends = uncovered(moments, start_ms, end_ms)
        if starts.size > GAPS_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{starts.size} gaps",
                limit=f"at most {GAPS_PER_QUERY_MAX} a query",
                mend="ask for a shorter window",
            )
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return [(moment_of(one), moment_of(other)) for one, other in pairs]

    def _numbers(self, asset_ids: Sequence[str], point: Point) -> dict[str, int]:
        """Give the series' numbers of those assets that have the point."""
        numbers: dict[str, int] = {}
        for asset_id in asset_ids:
            rows = self._file.execute(
                "SELECT id FROM series WHERE asset_id = ? AND point = ?", (asset_id, str(point))
            )
            if rows:
                numbers[asset_id] = rows[0][0]
        return numbers

    def _open_days(self) -> set[int]:
        return {day for (day,) in self._file.execute("SELECT day FROM open_day")}

    def _reader(
        self, resolution: Resolution, around_ms: IntArray, known_at: datetime | None, zone: ZoneInfo
    ) -> Callable[[int | None], RollUp]:
        """Give a function that answers for one series after the other, with what they share read once."""
        known_ms = FOR_EVER_MS if known_at is None else ms_of(known_at)
        spans = self._open_spans(around_ms, zone)
        if resolution is Resolution.QUARTER or known_at is not None:
            spans = [(int(around_ms[0]), int(around_ms[-1]))]
        slabs = [self._tables.quarter.slabs(*_periods(span), known_ms) for span in spans]

        def read(series: int | None) -> RollUp:
            number = -1 if series is None else series
            if resolution is Resolution.MINUTE:
                values = self._minutes(number, around_ms, self._open_spans(around_ms, zone))
            else:
                values = self._steps(resolution, number, around_ms, zone)
                for span, under in zip(spans, slabs, strict=True):
                    self._put_quarters(values, number, around_ms, (span, known_ms, under))
            if known_at is not None:
                forget_after(values, around_ms, known_ms)
            return rolled_up(values, around_ms)

        return read

    def _steps(self, resolution: Resolution, series: int, around_ms: IntArray, zone: ZoneInfo) -> Values:
        """Give what the pages hold."""
        steps, first_ms = around_ms.size - 1, int(around_ms[0])
        if resolution is Resolution.DAY:
            return self._tables.day.read_pages(series, day_of(first_ms, zone), steps)
        if resolution is Resolution.HOUR:
            return self._tables.hour.read_pages(series, first_ms // HOUR_MS, steps)
        return self._tables.quarter.read_pages(series, first_ms // PERIOD_MS, steps)

    def _put_quarters(
        self,
        values: Values,
        series: int,
        around_ms: IntArray,
        fresh: tuple[tuple[int, int], int, Slabs],
    ) -> None:
        """Work out the steps of a span of time from quarter hours, as known at a moment."""
        span, known_ms, slabs = fresh
        low, high = np.searchsorted(around_ms, span)
        inside = around_ms[low : high + 1]
        if inside.size < 2:
            return
        begin, stop = _periods((int(inside[0]), int(inside[-1])))
        quarters = self._tables.quarter.read(series, begin, stop - begin, known_ms=known_ms, slabs=slabs)
        values.put(int(low), grouped(quarters, begin, inside))

    def _minutes(self, series: int, around_ms: IntArray, spans: Sequence[tuple[int, int]]) -> Values:
        first_ms = int(around_ms[0])
        values = self._tables.minute.read_pages(series, first_ms // MINUTE_MS, around_ms.size - 1)
        for low_ms, high_ms in spans:
            from_ms, to_ms = low_ms - REACH_MS, high_ms + REACH_MS
            column = self._samples.column(series, from_ms, to_ms, self._samples.blocks(from_ms, to_ms))
            minutes = minutes_of(column.only(column.good), low_ms, (high_ms - low_ms) // MINUTE_MS)
            values.put((low_ms - first_ms) // MINUTE_MS, minutes)
        return values

    def _open_spans(self, around_ms: IntArray, zone: ZoneInfo) -> list[tuple[int, int]]:
        """Give the parts of a window that are not rolled up yet, one day or several days after another."""
        low_ms, high_ms = int(around_ms[0]), int(around_ms[-1])
        spans: list[tuple[int, int]] = []
        for day in sorted(self._open_days()):
            start_ms, end_ms = bounds_ms(day, zone)
            start_ms, end_ms = max(start_ms, low_ms), min(end_ms, high_ms)
            if start_ms >= end_ms:
                continue
            if spans and spans[-1][1] == start_ms:
                spans[-1] = spans[-1][0], end_ms
            else:
                spans.append((start_ms, end_ms))
        return spans

    def _judge(self, series: int, start_ms: int, end_ms: int) -> QualityRow:
        low_ms, high_ms = start_ms - REACH_MS, end_ms + REACH_MS
        column = self._samples.column(series, low_ms, high_ms, self._samples.blocks(low_ms, high_ms))
        return quality_of(column, start_ms, end_ms)

    def _good_moments(self, series: int, from_ms: int, to_ms: int) -> Iterator[IntArray]:
        """Give the moments of good samples an hour at a time, so that a long window needs little memory."""
        for low_ms in range(from_ms, to_ms, HOUR_MS):
            high_ms = min(low_ms + HOUR_MS - 1, to_ms)
            column = self._samples.column(series, low_ms, high_ms, self._samples.blocks(low_ms, high_ms))
            yield column.at_ms[column.good]

    def _require_samples(self, start_ms: int) -> None:
        rows = self._file.execute("SELECT value FROM setting WHERE name = 'samples_from_ms'")
        if rows and start_ms < int(rows[0][0]):
            raise query_fault(
                "start",
                value=moment_of(start_ms).isoformat(),
                limit=f"raw samples are kept from {moment_of(int(rows[0][0])).isoformat()} on",
                mend="ask for a later start, or for the quality by day",
            )


def _periods(span: tuple[int, int]) -> tuple[int, int]:
    """Give the quarter hours of a span, whole hours at both ends."""
    return span[0] // HOUR_MS * HOUR_MS // PERIOD_MS, -(-span[1] // HOUR_MS) * HOUR_MS // PERIOD_MS


def _fuller(one: QualityRow, other: QualityRow) -> QualityRow:
    """Take what knows more samples: the raw ones of an old day may be deleted already."""
    return one if sum(one.counts) > sum(other.counts) else other


def _unread(length_ms: int) -> QualityRow:
    """A day of which nothing was kept: one gap."""
    return QualityRow(covered_ms=0, gaps=1, longest_gap_ms=length_ms, counts=(0,) * len(QUALITIES))
