"""The record in memory, for tests and for runs that leave nothing behind: worked out when asked."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.conduct import Conduct, Score
from energy.domain import FloatArray, Forecast, Outcome, Plan, Status
from energy.historian.decision_queries import Event
from energy.historian.decision_writer import changes
from energy.historian.instants import moment_of, ms_of, period_of
from energy.historian.limits import EVENTS_PER_QUERY_MAX, PLANS_PER_QUERY_MAX, window
from energy.historian.memory_telemetry import MemoryTelemetry
from energy.historian.telemetry_queries import import_window
from energy.ports import PlanAnswer
from energy.weather import WeatherForecast

OUTCOMES_MAX = 250_000
WEATHER_MAX = 1_000


class MemoryRecord(MemoryTelemetry):
    """Writes and answers like ``SqliteRecord``; ``commit`` has nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes: deque[Outcome] = deque(maxlen=OUTCOMES_MAX)
        self._answers: deque[PlanAnswer] = deque(maxlen=PLANS_PER_QUERY_MAX)
        self._prices: dict[int, dict[int, float]] = {}
        self._metrics: dict[str, float] = {}
        self._weather: list[WeatherForecast] = []
        self._events: deque[Event] = deque(maxlen=EVENTS_PER_QUERY_MAX)
        self._status: Status | None = None
        self._conduct: dict[str, Conduct] = {}
        self._scores: dict[tuple[int, str], Score] = {}

    def commit(self) -> None:
        """Do nothing: what is written is visible at once."""

    def write_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of setpoints."""
        self._outcomes.extend(outcomes)

    def write_conduct(self, conduct: Sequence[Conduct], scores: Mapping[str, Score], at: datetime) -> None:
        """Record what devices do with what they are told, and add to their scores."""
        self._conduct |= {item.asset_id: item for item in conduct}
        for asset_id, score in scores.items():
            key = period_of(at), asset_id
            self._scores[key] = self._scores.get(key, Score()).plus(score)

    def latest_conduct(self) -> Mapping[str, Conduct]:
        """Give for each asset that can be commanded the chain of its last setpoint."""
        return dict(self._conduct)

    def scores(self, start: datetime, end: datetime) -> Mapping[str, Score]:
        """Give by asset the seconds of the quarter hours that begin in [start, end)."""
        sums: dict[str, Score] = {}
        for (period, asset_id), score in self._scores.items():
            if period_of(start) <= period < period_of(end):
                sums[asset_id] = sums.get(asset_id, Score()).plus(score)
        return sums

    def write_status(self, status: Status) -> None:
        """Record the status; an alarm that appeared or went is kept as an event."""
        before = self._status.alarms if self._status is not None else ()
        for appeared, alarm in changes(before, status.alarms):
            self._events.append(Event(at=moment_of(ms_of(status.at)), appeared=appeared, alarm=alarm))
        self._status = status

    def write_metrics(self, numbers: Mapping[str, float]) -> None:
        """Record what the controller counts."""
        self._metrics |= numbers

    def metrics(self) -> Mapping[str, float]:
        """Give what the controller counted, by key."""
        return dict(self._metrics)

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan and the forecasts it stands on."""
        self._answers.append(answer)

    def write_prices(self, *, published_at: datetime, start: datetime, price_eur_per_kwh: FloatArray) -> None:
        """Record published prices of consecutive periods; NaN is left out."""
        import_window(start, price_eur_per_kwh.size)
        begin, published_ms = period_of(start), ms_of(published_at)
        for place in np.flatnonzero(np.isfinite(price_eur_per_kwh)):
            known = self._prices.setdefault(begin + int(place), {})
            known[published_ms] = float(price_eur_per_kwh[place])

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Record a weather forecast as it became known."""
        self._weather = [*self._weather, forecast][-WEATHER_MAX:]

    def weather_at(self, source: str, known_at: datetime) -> WeatherForecast | None:
        """Give a source's newest forecast among those known at a moment."""
        known = [
            item
            for item in self._weather
            if item.source == source and ms_of(item.known_at) <= ms_of(known_at)
        ]
        return max(
            reversed(known), key=lambda item: (ms_of(item.issued_at), ms_of(item.known_at)), default=None
        )

    def plan_at(self, moment: datetime) -> Plan | None:
        """Give the latest plan issued at or before the moment."""
        answer = self._answer_at(moment)
        return None if answer is None else answer.plan

    def notes_at(self, moment: datetime) -> Sequence[str]:
        """Give the planner's notes on the latest plan issued at or before the moment."""
        answer = self._answer_at(moment)
        return () if answer is None else answer.notes

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        """Give the forecasts that the latest plan issued at or before the moment stands on."""
        answer = self._answer_at(moment)
        return () if answer is None else answer.forecasts

    def plans_between(self, start: datetime, end: datetime) -> Sequence[Plan]:
        """Give the plans issued in [start, end), oldest first."""
        plans = [answer.plan for answer in self._answers if start <= answer.plan.issued_at < end]
        return sorted(plans, key=lambda plan: plan.issued_at)

    def latest_outcomes(self) -> Mapping[str, Outcome]:
        """Give for each asset what became of its latest setpoint."""
        return {outcome.setpoint.asset_id: outcome for outcome in self._outcomes}

    def outcomes_between(self, start: datetime, end: datetime) -> Sequence[Outcome]:
        """Give the outcomes in [start, end) in order."""
        chosen = [outcome for outcome in self._outcomes if start <= outcome.at < end]
        return sorted(chosen, key=lambda outcome: outcome.at)

    def published_prices(self, *, start: datetime, end: datetime, known_at: datetime) -> FloatArray:
        """Give the published price of each period in [start, end), EUR/kWh, NaN where none was known."""
        first, periods = window(start, end)
        begin, known_ms = period_of(first), ms_of(known_at)
        prices: FloatArray = np.full(periods, np.nan)
        for place in range(periods):
            known = self._prices.get(begin + place, {})
            published_ms = max((moment for moment in known if moment <= known_ms), default=None)
            if published_ms is not None:
                prices[place] = known[published_ms]
        return prices

    def recent_events(self, limit: int) -> Sequence[Event]:
        """Give the newest events, newest first."""
        return list(self._events)[::-1][: max(0, limit)]

    def _answer_at(self, moment: datetime) -> PlanAnswer | None:
        known = [answer for answer in self._answers if answer.plan.issued_at <= moment]
        return max(reversed(known), key=lambda answer: answer.plan.issued_at, default=None)
