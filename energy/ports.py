"""The seams: what a room needs of another, split by capability, each with at least two implementations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from energy.conduct import Conduct, Score
from energy.domain import (
    FloatArray,
    Forecast,
    Image,
    Limit,
    Outcome,
    Plan,
    Point,
    Quality,
    Reading,
    Request,
    Setpoint,
    Status,
)
from energy.live_score import DayScores
from energy.weather import WeatherForecast


class Clock(Protocol):
    """Says what time it is for the controller."""

    def now(self) -> datetime:
        """Give the present moment, aware UTC."""
        ...


class Meter(Protocol):
    """MEASURE: reads the field."""

    async def read(self, at: datetime) -> Sequence[Reading]:
        """Read every point once; a point that could not be read comes back with a quality that says so."""
        ...


class Dispatchable(Protocol):
    """DISPATCH: writes to the field."""

    async def apply(self, setpoints: Sequence[Setpoint], at: datetime) -> Sequence[Outcome]:
        """Write, read back and report each setpoint, in the order given."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """All that one planning needs besides the region and the record.

    ``billed_peak_kw`` is the highest quarter-hour import of the billing period so far.
    ``limits`` are those known at ``issued_at``.
    """

    plan_id: str
    issued_at: datetime
    start: datetime
    image: Image
    limits: tuple[Limit, ...]
    billed_peak_kw: float
    corrections: tuple[Request, ...] = ()
    """People's open corrections of forecasts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanAnswer:
    """A plan with the forecasts that it stands on; ``notes`` name every step down that was taken."""

    plan: Plan
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...] = ()
    shadows: tuple[Forecast, ...] = ()
    """What other rungs expected, and corrected forecasts before their correction: judged, not planned by."""
    scores: tuple[DayScores, ...] = ()
    """How live forecasts of days that are over did."""


class Planner(Protocol):
    """FORECAST and OPTIMISE behind the controller's back: a tick never waits for it."""

    def start(self, request: PlanRequest) -> None:
        """Begin planning.

        Raises:
            PlannerUnavailable: it is dead or still busy.
        """
        ...

    def poll(self) -> PlanAnswer | None:
        """Take the answer if there is one; None while it is still planning or idle.

        Raises:
            PlannerUnavailable: it died, ran over its time, or ended without a plan.
        """
        ...


class TelemetrySink(Protocol):
    """RECORD: takes what was measured and what became of setpoints."""

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record raw samples and bring the quarter-hour means up to date."""
        ...

    def write_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of setpoints."""
        ...


class StatusSink(Protocol):
    """RECORD: takes how the controller is doing."""

    def write_status(self, status: Status) -> None:
        """Record the status; an alarm that appeared or went is kept as an event."""
        ...

    def write_metrics(self, numbers: Mapping[str, float]) -> None:
        """Record what the controller counts, by key (``energy.metrics``)."""
        ...


class ConductSink(Protocol):
    """RECORD: takes what devices do with what they are told."""

    def write_conduct(self, conduct: Sequence[Conduct], scores: Mapping[str, Score], at: datetime) -> None:
        """Keep the last chain of each asset, and add the seconds to the quarter hour of ``at``."""
        ...


class ConductSource(Protocol):
    """Answers for what devices did with what they were told."""

    def latest_conduct(self) -> Mapping[str, Conduct]:
        """Give for each asset that can be commanded the chain of its last setpoint."""
        ...

    def scores(self, start: datetime, end: datetime) -> Mapping[str, Score]:
        """Give by asset the seconds of the quarter hours that begin in [start, end)."""
        ...


class PlanSink(Protocol):
    """RECORD: takes plans with their forecasts."""

    def write_plan(self, answer: PlanAnswer) -> None:
        """Record a plan and the forecasts it stands on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Means:
    """Quarter-hour means of one point from ``start`` on.

    ``value`` and ``coverage`` have shape (periods,); value is NaN where nothing was measured, coverage is the
    fraction of the period that good readings cover.
    """

    start: datetime
    value: FloatArray
    coverage: FloatArray


class MeansSource(Protocol):
    """Answers for the past in quarter hours."""

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of all periods in [start, end) as far as they were complete at ``known_at``."""
        ...


class Resolution(StrEnum):
    """What means are given over; a day is the region's local one."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RollUp:
    """Means of one point over consecutive steps, all arrays of shape (steps,).

    ``start_ms`` counts milliseconds since 1970 UTC to each step's start. ``value`` is NaN where nothing was
    measured, ``coverage`` the fraction of the step that good readings cover.
    """

    start_ms: NDArray[np.int64]
    value: FloatArray
    coverage: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupSum:
    """The sum over several assets by step: NaN where one of them has no value, and how many had none."""

    start_ms: NDArray[np.int64]
    value: FloatArray
    missing: NDArray[np.int64]


class RollUpSource(Protocol):
    """Answers for the past at any resolution."""

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
        """Give the means of all steps that begin in [start, end); ``known_at`` None takes all there is."""
        ...

    def sums(
        self,
        groups: Mapping[str, Sequence[str]],
        point: Point,
        resolution: Resolution,
        *,
        start: datetime,
        end: datetime,
    ) -> Mapping[str, GroupSum]:
        """Give the sum of each group of assets, for instance of all of a kind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayQuality:
    """How well one point was measured on a local day, as far as the day has gone.

    ``covered_s`` is what good readings cover, ``samples`` counts them by quality; a gap is a stretch that no
    good reading reaches.
    """

    day: date
    length_s: float
    covered_s: float
    samples: Mapping[Quality, int]
    gaps: int
    longest_gap_s: float


class QualitySource(Protocol):
    """Answers for how well was measured."""

    def quality_by_day(self, asset_id: str, point: Point, *, first: date, last: date) -> Sequence[DayQuality]:
        """Give the local days [first, last] that have begun."""
        ...

    def gaps(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        """Give the stretches of [start, end) that no good reading reaches, as far as raw samples are kept."""
        ...


class LatestSource(Protocol):
    """Answers for the present."""

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        ...


class PlanSource(Protocol):
    """Answers for what was planned and expected."""

    def plan_at(self, moment: datetime) -> Plan | None:
        """Give the latest plan issued at or before the moment."""
        ...

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        """Give the forecasts that the latest plan issued at or before the moment stands on."""
        ...


class WeatherProvider(Protocol):
    """FORECAST: gives the weather that a source expects at one place."""

    def fetch(self, at: datetime) -> WeatherForecast:
        """Give the newest forecast; ``at`` is now.

        Raises:
            BadInput: the source answers with what is no forecast, or refuses; or the file is wrong.
            Retryable: it does not answer now.
        """
        ...


class WeatherSink(Protocol):
    """RECORD: takes weather forecasts as they become known."""

    def write_weather(self, forecast: WeatherForecast) -> None:
        """Record a weather forecast."""
        ...


class WeatherSource(Protocol):
    """Answers for the weather as it was expected at a moment."""

    def weather_at(self, source: str, known_at: datetime) -> WeatherForecast | None:
        """Give a source's newest forecast among those known at the moment; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Day-ahead prices of consecutive periods, EUR/kWh, shape (periods,), all finite.

    ``indicative`` is True where no published price was known and a forecast stands in.
    """

    start: datetime
    price_eur_per_kwh: FloatArray
    indicative: "list[bool]"


class PriceSource(Protocol):
    """Answers for prices as they were known at a moment."""

    def prices(self, *, start: datetime, periods: int, known_at: datetime) -> Prices:
        """Give a price for every period; gaps are filled by a forecast and marked indicative."""
        ...


class RequestSource(Protocol):
    """What people asked since a request was last taken."""

    def requests_after(self, sequence: int) -> Sequence[tuple[int, Request]]:
        """Give requests with a sequence number greater than the one named, in order."""
        ...
