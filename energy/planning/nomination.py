"""What was nominated: the exchange that the plan in force at the hour of nomination had for the next day.

Nothing is kept for it. The plans are in the record, so a restart, and a replay, find the same nomination.
"""

from datetime import date, datetime, timedelta

import numpy as np

from energy.domain import FloatArray, Plan
from energy.periods import PERIOD, local_day, periods_between
from energy.planning.in_force import PlansInForce
from energy.ports import PlanSource
from energy.region.model import Region

DAYS_KEPT = 4
"""A horizon of two days touches three local days; one more for the change of day."""


class Nominations:
    """Answers for nominations; each day's is looked up once."""

    def __init__(self, region: Region, plans: PlanSource) -> None:
        self._region = region
        self._plans = PlansInForce(region, plans)
        self._by_day: dict[date, FloatArray] = {}

    def nominated_kw(self, *, start: datetime, periods: int, known_at: datetime) -> FloatArray:
        """Give the nominated exchange, import positive, shape (periods,); NaN where none was made.

        Raises:
            StoreUnavailable: the plans cannot be read.
            RecordBroken: a plan cannot be understood.
        """
        nominated_kw = np.full(periods, np.nan)
        end = start + periods * PERIOD
        day = start.astimezone(self._region.zone).date()
        while (first := local_day(day, self._region.zone)[0]) < end:
            if self.nominated_at(day) <= known_at:
                values = self._day(day)
                offset = periods_between(start, first)
                inside = slice(max(0, offset), min(periods, offset + values.size))
                nominated_kw[inside] = values[inside.start - offset : inside.stop - offset]
            day += timedelta(days=1)
        return nominated_kw

    def nominated_at(self, day: date) -> datetime:
        """Give the moment at which a local day's exchange is nominated: the day before."""
        return datetime.combine(
            day - timedelta(days=1), self._region.market.nominated_at, tzinfo=self._region.zone
        )

    def _day(self, day: date) -> FloatArray:
        known = self._by_day.get(day)
        if known is None:
            plan = self._plans.plan_in_force(self.nominated_at(day))
            if plan is None:  # not kept: the first plan of all may still be on its way
                return np.full(periods_between(*local_day(day, self._region.zone)), np.nan)
            known = _exchange_kw(self._region, plan, *local_day(day, self._region.zone))
            self._by_day[day] = known
            for old in sorted(self._by_day)[:-DAYS_KEPT]:
                del self._by_day[old]
        return known


def _exchange_kw(region: Region, plan: Plan, first: datetime, end: datetime) -> FloatArray:
    """Give the plan's exchange of the periods in [first, end), NaN where it says nothing."""
    periods = periods_between(first, end)
    exchange_kw = np.full(periods, np.nan)
    if region.grid_point.id not in plan.assets:
        return exchange_kw
    power_kw = plan.assets[region.grid_point.id].power_kw
    offset = periods_between(plan.start, first)
    inside = slice(max(0, -offset), min(periods, power_kw.size - offset))
    if inside.start < inside.stop:
        exchange_kw[inside] = power_kw[inside.start + offset : inside.stop + offset]
    return exchange_kw
