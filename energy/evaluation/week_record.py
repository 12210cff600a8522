"""The record of one simulated week: quarter-hour means in arrays, the few plans that matter, no samples."""

import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.conduct import Conduct, Score
from energy.domain import FloatArray, Forecast, Outcome, Plan, Point, Reading, Status
from energy.periods import period_start, periods_between
from energy.ports import Means, PlanAnswer
from energy.weather import WeatherForecast

PLANS_MAX = 200
"""Two days of plans, as the shipped records give them; older ones are never asked for."""


class WeekRecord:
    """Writes like the shipped records and answers for means and plans; knows nothing later than it should.

    Means come from whoever measures (``import_means``), complete for each quarter hour, so the readings of
    single ticks are not kept: a real loop ticks every few seconds, this one every few minutes.
    """

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start = period_start(start)
        self._periods = periods_between(self._start, end)
        self._means: dict[tuple[str, Point], FloatArray] = {}
        self._issued: list[datetime] = []
        self._answers: list[PlanAnswer] = []

    def commit(self) -> None:
        """Do nothing: what is written is visible at once."""

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take quarter-hour means; NaN is left out, and what lies outside the record's span."""
        kept = self._means.setdefault((asset_id, point), np.full(self._periods, np.nan))
        first = periods_between(self._start, start)
        low, high = max(0, first), min(self._periods, first + values.size)
        if low >= high:
            return
        fresh = values[low - first : high - first]
        kept[low:high] = np.where(np.isfinite(fresh), fresh, kept[low:high])

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of the periods in [start, end), NaN unless complete at ``known_at``."""
        first = period_start(start)
        periods = periods_between(first, end)
        value: FloatArray = np.full(periods, np.nan)
        kept = self._means.get((asset_id, point))
        offset = periods_between(self._start, first)
        known = periods_between(self._start, known_at)
        low, high = max(0, offset), min(self._periods, offset + periods, known)
        if kept is not None and low < high:
            value[low - offset : high - offset] = kept[low:high]
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan and the forecasts it stands on."""
        place = bisect.bisect_right(self._issued, answer.plan.issued_at)
        self._issued.insert(place, answer.plan.issued_at)
        self._answers.insert(place, answer)
        del self._issued[:-PLANS_MAX], self._answers[:-PLANS_MAX]

    def plan_at(self, moment: datetime) -> Plan | None:
        """Give the latest plan issued at or before the moment."""
        answer = self._answer_at(moment)
        return None if answer is None else answer.plan

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        """Give the forecasts that the latest plan issued at or before the moment stands on."""
        answer = self._answer_at(moment)
        return () if answer is None else answer.forecasts

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give nothing: readings are not kept."""
        return {}

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Leave single readings out."""

    def write_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Leave outcomes out."""

    def write_conduct(self, conduct: Sequence[Conduct], scores: Mapping[str, Score], at: datetime) -> None:
        """Leave the devices' conduct out."""

    def write_status(self, status: Status) -> None:
        """Leave the status out."""

    def write_metrics(self, numbers: Mapping[str, float]) -> None:
        """Leave the counts out."""

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Leave prices out: they are asked for at their source."""

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Leave weather out: the weeks are evaluated without it."""

    def weather_at(self, source: str, known_at: datetime) -> WeatherForecast | None:
        """Give none: the weeks are evaluated without weather."""
        del source, known_at
        return None

    def _answer_at(self, moment: datetime) -> PlanAnswer | None:
        place = bisect.bisect_right(self._issued, moment)
        return self._answers[place - 1] if place else None
