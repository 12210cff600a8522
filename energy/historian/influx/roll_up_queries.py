"""Means at other resolutions, sums over groups, and how well was measured, from what a server holds.

Nothing is rolled up there: hours and local days come from quarter hours, minutes and qualities from samples.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from energy.domain import Point
from energy.historian.averaging import REACH_MS, uncovered
from energy.historian.day_quality import days_asked, told
from energy.historian.influx.series_reader import InfluxSeries
from energy.historian.instants import HOUR_MS, MINUTE_MS, PERIOD_MS, moment_of, ms_of
from energy.historian.limits import GAPS_PER_QUERY_MAX, query_fault
from energy.historian.local_days import bounds_ms
from energy.historian.resolutions import added, edges, forget_after, grouped, rolled_up
from energy.historian.roll_ups import minutes_of, quality_of
from energy.historian.sample_blocks import Column
from energy.ports import DayQuality, GroupSum, Resolution, RollUp

DAYS_PER_QUERY_MAX = 400
"""Qualities are worked out from raw samples: a year of one point."""


class InfluxRollUps:
    """The reading side of everything that is rolled up.

    Args:
        series: where the series are.
        zone: the region's.
    """

    def __init__(self, series: InfluxSeries, zone: ZoneInfo) -> None:
        self._series = series
        self._zone = zone

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
        known_ms = None if known_at is None else ms_of(known_at)
        low_ms, high_ms = int(around_ms[0]), int(around_ms[-1])
        if resolution is Resolution.MINUTE:
            good = self._good(asset_id, point, low_ms - REACH_MS, high_ms + REACH_MS)
            values = minutes_of(good, low_ms, (high_ms - low_ms) // MINUTE_MS)
        else:
            begin = low_ms // HOUR_MS * HOUR_MS // PERIOD_MS
            stop = -(-high_ms // PERIOD_MS)
            quarters = self._series.quarters(asset_id, point, begin, stop - begin, known_ms)
            values = grouped(quarters, begin, around_ms)
        if known_ms is not None:
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
        rolled = {one: self.roll_up(one, point, resolution, start=start, end=end) for one in members}
        return added(groups, rolled)

    def quality_by_day(self, asset_id: str, point: Point, *, first: date, last: date) -> Sequence[DayQuality]:
        """Give the local days [first, last] that have begun; a day without any reading is one gap."""
        days = days_asked(first, last, most=DAYS_PER_QUERY_MAX)
        found: list[DayQuality] = []
        present_ms = self._series.present_ms() if self._series.knows(asset_id, point) else None
        for day in days:
            start_ms, end_ms = bounds_ms(day, self._zone)
            if present_ms is None or start_ms >= present_ms:
                break
            end_ms = min(end_ms, present_ms)
            column = self._series.column(asset_id, point, start_ms - REACH_MS, end_ms + REACH_MS)
            row = quality_of(column, start_ms, end_ms)
            found.append(told(row, day, end_ms - start_ms))
        return found

    def gaps(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        """Give the stretches of [start, end) that no good reading reaches, as far as the record has come."""
        present_ms = self._series.present_ms()
        start_ms = ms_of(start)
        end_ms = start_ms if present_ms is None else min(ms_of(end), present_ms)
        if end_ms <= start_ms:
            return []
        good = self._good(asset_id, point, start_ms, end_ms + REACH_MS)
        starts, ends = uncovered(good.at_ms, start_ms, end_ms)
        if starts.size > GAPS_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{starts.size} gaps",
                limit=f"at most {GAPS_PER_QUERY_MAX} a query",
                mend="ask for a shorter window",
            )
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return [(moment_of(one), moment_of(other)) for one, other in pairs]

    def _good(self, asset_id: str, point: Point, from_ms: int, to_ms: int) -> Column:
        column = self._series.column(asset_id, point, from_ms, to_ms)
        return column.only(column.good)
