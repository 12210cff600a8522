"""Scores the live forecasts of local days that are over, from what the record holds of them.

The planner's child does it after answering, so that neither a tick nor a plan waits; the controller, who
alone writes the record, is told with the next plan. What it has not written is worked out again, what it has
is not: nothing is counted twice, and a restart forgets nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np

from energy.domain import FloatArray, Forecast
from energy.forecast.judging.live_scores import Day, day_scores, naive_kw
from energy.live_score import DayScores, LiveScore
from energy.periods import PERIOD, local_day, periods_between
from energy.planning.inputs import Inputs
from energy.planning.past import Expected, expected_assets, series_spec
from energy.ports import PlanSource
from energy.region.heat_load import HeatLoad
from energy.region.model import Region

SETTLED = timedelta(hours=3)
"""After midnight: by then what was measured of the day before is in."""
DAYS_BACK_MAX = 7
"""A planner that was away for longer leaves older days unscored."""
REACH = timedelta(days=2)
"""Forecasts made this long before a day still reach into it."""
LOOK_EVERY = timedelta(hours=1)
BALANCE = "electricity"


class Archive(PlanSource, Protocol):
    """The record as the leaderboard reads it."""

    def forecasts_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        """Give one asset's forecasts issued in [start, end), oldest first."""
        ...

    def shadows_between(self, asset_id: str, start: datetime, end: datetime) -> Sequence[Forecast]:
        """Give one asset's forecasts that were only judged, issued in [start, end), oldest first."""
        ...

    def scored_days(self, start: datetime, end: datetime) -> Sequence[datetime]:
        """Give the starts in [start, end) of the local days whose forecasts have been scored."""
        ...


class Leaderboard:
    """Works out the scores of days that are over, at most one with forecasts at a time."""

    def __init__(self, region: Region, archive: Archive, inputs: Inputs) -> None:
        self._region = region
        self._archive = archive
        self._inputs = inputs
        self._looked_at: datetime | None = None

    def due(self, now: datetime) -> tuple[DayScores, ...]:
        """Give the scores of the days that have none yet, the oldest first, up to one with forecasts.

        Looks at most once an hour.

        Raises:
            StoreUnavailable: the record cannot be read.
            RecordBroken: what it holds cannot be understood.
        """
        if self._looked_at is not None and timedelta() <= now - self._looked_at < LOOK_EVERY:
            return ()
        self._looked_at = now
        found: list[DayScores] = []
        for day in self._unscored(now):
            found.append(self._scores(day, now))
            if found[-1].scores:
                break
        return tuple(found)

    def _unscored(self, now: datetime) -> list[date]:
        last = (now - SETTLED).astimezone(self._region.zone).date()
        days = [last - timedelta(days=back) for back in range(DAYS_BACK_MAX, 0, -1)]
        starts = {day: local_day(day, self._region.zone)[0] for day in days}
        scored = set(self._archive.scored_days(starts[days[0]], now))
        return [day for day in days if starts[day] not in scored]

    def _scores(self, day: date, now: datetime) -> DayScores:
        start, end = local_day(day, self._region.zone)
        prices: FloatArray | None = None
        rows: list[LiveScore] = []
        for asset in expected_assets(self._region):
            forecasts = self._issued(asset.id, start - REACH, end)
            if not forecasts:
                continue
            prices = self._marginal_price(start, end) if prices is None else prices
            shadows = self._archive.shadows_between(asset.id, start - REACH, end)
            rows.extend(day_scores(self._day(asset, start, prices, now), forecasts, shadows))
        return DayScores(day_start=start, scores=tuple(rows))

    def _issued(self, asset_id: str, start: datetime, end: datetime) -> list[Forecast]:
        """Ask day by day: a query gives two days of plans at most."""
        found: list[Forecast] = []
        while start < end:
            until = min(end, start + timedelta(days=1))
            found.extend(self._archive.forecasts_between(asset_id, start, until))
            start = until
        return found

    def _day(self, asset: Expected, start: datetime, prices: FloatArray, now: datetime) -> Day:
        history = self._inputs.history(asset, known_at=now)
        offset = periods_between(history.start, start)
        truth = history.value[max(0, offset) : max(0, offset) + prices.size]
        truth_kw = np.full(prices.size, np.nan)
        truth_kw[: truth.size] = truth
        return Day(
            start=start,
            zone=self._region.zone,
            sign=series_spec(self._region, asset).sign,
            truth_kw=truth_kw,
            naive_kw=naive_kw(
                history.value,
                first=history.start,
                start=start,
                periods=prices.size,
                zone=self._region.zone,
            ),
            price_eur_per_kwh=np.full(prices.size, np.nan) if isinstance(asset, HeatLoad) else prices,
            imbalance_eur_per_kwh=self._region.market.imbalance_eur_per_kwh,
        )

    def _marginal_price(self, start: datetime, end: datetime) -> FloatArray:
        """Give the marginal price of each period by the plan in force at its hour's begin, NaN without."""
        periods = periods_between(start, end)
        prices = np.full(periods, np.nan)
        for place in range(0, periods, 4):
            moment = start + place * PERIOD
            plan = self._archive.plan_at(moment)
            if plan is None or BALANCE not in plan.marginal_price_eur_per_kwh:
                continue
            own = plan.marginal_price_eur_per_kwh[BALANCE]
            offset = periods_between(plan.start, moment)
            if 0 <= offset < own.size:
                hour = own[offset : offset + min(4, periods - place)]
                prices[place : place + hour.size] = hour
        return prices
