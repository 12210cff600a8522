"""The record in memory, for tests and for runs that leave nothing behind: worked out when asked."""

import dataclasses
import math
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.conduct import Conduct, Score
from energy.domain import FloatArray, Forecast, Outcome, Plan, Point, Quality, Reading, Status
from energy.historian.averaging import (
    COVERED_MS_OVER_IMPORT,
    REACH_MS,
    REGISTERS,
    has_means,
    power_from_registers,
    register_at,
    weigh,
)
from energy.historian.columns import IntArray
from energy.historian.decision_queries import Event
from energy.historian.decision_writer import changes
from energy.historian.instants import MS_PER_S, PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import EVENTS_PER_QUERY_MAX, LATE_S_MAX, PLANS_PER_QUERY_MAX, window
from energy.historian.telemetry_queries import import_window
from energy.ports import Means, PlanAnswer
from energy.weather import WeatherForecast

SAMPLES_PER_POINT_MAX = 250_000
"""Two weeks at 5 s; the oldest go first."""
OUTCOMES_MAX = 250_000
WEATHER_MAX = 1_000

_Key = tuple[str, Point]


class MemoryRecord:
    """Writes and answers like ``SqliteRecord``; ``commit`` has nothing to do."""

    def __init__(self) -> None:
        self._samples: dict[_Key, dict[int, tuple[float | None, Quality]]] = {}
        self._imports: dict[_Key, dict[int, float]] = {}
        self._latest: dict[_Key, Reading] = {}
        self._newest_ms = 0
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

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record samples; one of the same point and moment replaces an earlier one unless it is worse."""
        for reading in readings:
            key, at_ms = (reading.asset_id, reading.point), ms_of(reading.measured_at)
            value = reading.value if reading.value is not None and math.isfinite(reading.value) else None
            samples = self._samples.setdefault(key, {})
            known = samples.get(at_ms)
            if known is None or reading.quality is Quality.GOOD or known[1] is not Quality.GOOD:
                samples[at_ms] = value, reading.quality
            if len(samples) > SAMPLES_PER_POINT_MAX:
                del samples[min(samples)]
            latest = self._latest.get(key)
            behind_ms = 0 if latest is None else ms_of(latest.measured_at) - at_ms
            if behind_ms <= 0 or behind_ms > LATE_S_MAX * MS_PER_S:
                self._latest[key] = dataclasses.replace(reading, value=value, measured_at=moment_of(at_ms))
            self._newest_ms = max(self._newest_ms, at_ms)

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take quarter-hour means from elsewhere as history; NaN is left out, what was well measured stays.

        Raises:
            BadInput: ``start`` is no period label or there are too many values.
        """
        import_window(start, values.size)
        begin, imports = period_of(start), self._imports.setdefault((asset_id, point), {})
        imports.update(
            {begin + int(place): float(values[place]) for place in np.flatnonzero(np.isfinite(values))}
        )

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

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        return dict(self._latest)

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of the periods in [start, end), NaN unless complete at ``known_at``."""
        first, periods = window(start, end)
        begin = period_of(first)
        known = ms_of(known_at) // PERIOD_MS
        at_ms, samples = self._good(asset_id, point)
        if not has_means(point):
            at_ms, samples = at_ms[:0], samples[:0]
        measured = set(((at_ms - 1) // PERIOD_MS).tolist()) | set(((at_ms - REACH_MS) // PERIOD_MS).tolist())
        value, coverage = np.full(periods, np.nan), np.zeros(periods)
        for period, imported in self._imports.get((asset_id, point), {}).items():
            if begin <= period < min(begin + periods, known):
                value[period - begin], coverage[period - begin] = imported, 1.0
        for period in measured:
            if not begin <= period < min(begin + periods, known, self._newest_ms // PERIOD_MS):
                continue
            low, high = np.searchsorted(
                at_ms, [period * PERIOD_MS - REACH_MS, (period + 1) * PERIOD_MS + REACH_MS + 1]
            )
            weighted, covered_ms = weigh(at_ms[low:high], samples[low:high], period)
            if covered_ms and (np.isnan(value[period - begin]) or covered_ms >= COVERED_MS_OVER_IMPORT):
                value[period - begin] = weighted / covered_ms
                coverage[period - begin] = covered_ms / PERIOD_MS
        return Means(start=first, value=value, coverage=coverage)

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from energy registers; see ``TelemetryQueries.energy_means``."""
        first, periods = window(start, end)
        begin = period_of(first)
        known = max(0, ms_of(known_at) // PERIOD_MS - begin)
        registers = [
            self._register(asset_id, point, begin=begin, boundaries=periods + 1) for point in REGISTERS
        ]
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
            value[known:] = np.nan
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

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

    def _good(self, asset_id: str, point: Point) -> tuple[IntArray, FloatArray]:
        samples = self._samples.get((asset_id, point), {})
        rows = sorted(
            (at_ms, value)
            for at_ms, (value, quality) in samples.items()
            if quality is Quality.GOOD and value is not None
        )
        at_ms = np.array([row[0] for row in rows], dtype=np.int64)
        return at_ms, np.array([row[1] for row in rows], dtype=np.float64)

    def _register(self, asset_id: str, point: Point, *, begin: int, boundaries: int) -> FloatArray | None:
        latest = self._latest.get((asset_id, point))
        if latest is None or latest.quality is Quality.NOT_IMPLEMENTED:
            return None
        at_ms, value = self._good(asset_id, point)
        readings = [register_at((begin + place) * PERIOD_MS, at_ms, value) for place in range(boundaries)]
        return np.array([np.nan if reading is None else reading for reading in readings])
