"""What the record bounds: how much a query may ask, and how long things are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.errors import BadInput, Fault
from energy.periods import period_start, periods_between

POINTS_PER_QUERY_MAX = 500_000
"""Values that one query may give: 14 years of one point, or two weeks of 370 points."""
PLANS_PER_QUERY_MAX = 200
"""Two days of plans, one each quarter hour."""
EVENTS_PER_QUERY_MAX = 1_000
WEATHER_PER_QUERY_MAX = 1_000
"""Forty days of one place, asked each hour."""
SAMPLES_KEPT_DAYS = 14
"""Raw samples, by whole hours."""
MINUTES_KEPT_DAYS = 90
QUALITY_KEPT_DAYS = 3653
"""Ten years, as long as commercial books are kept."""
SET_ASIDE_KEPT_DAYS = 400
"""Means that gave way to better ones, for a backtest over a year: what was known then."""
SETTLING_S = 120
"""Two ticks of the slowest loop (60 s): what completes a mean within this time counts as known at its end."""
GAPS_PER_QUERY_MAX = 10_000
PEAK_COVERAGE_MIN = 0.9
"""A quarter hour measured for less than this is no billed one."""
OUTCOMES_KEPT_DAYS = 90
PLANS_KEPT_DAYS = 90
"""Plans and their forecasts."""
WEATHER_KEPT_DAYS = 730
"""Two winters to learn from; ten variables of two days, eight times a day, are about 45 MB a year."""
EVENTS_KEPT_DAYS = 730
LIVE_SCORES_KEPT_DAYS = 730
"""What live forecasts scored: two years, to compare a season with the one before."""
SCORES_KEPT_DAYS = 90
"""Like the outcomes that they count; 300 devices make 29,000 rows a day."""
LATE_S_MAX = 3600
"""A reading that is older than the latest one by more than this was not delayed: the clock went back, and the
new reading is the present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long telemetry is kept by resolution; None is for ever. Samples go once their day is rolled up."""

    samples: timedelta = timedelta(days=SAMPLES_KEPT_DAYS)
    minutes: timedelta | None = timedelta(days=MINUTES_KEPT_DAYS)
    quarters: timedelta | None = None
    hours: timedelta | None = None
    days: timedelta | None = None
    quality: timedelta | None = timedelta(days=QUALITY_KEPT_DAYS)
    set_aside: timedelta | None = timedelta(days=SET_ASIDE_KEPT_DAYS)


DEFAULT_RETENTION = Retention()


def query_fault(place: str, *, value: object, limit: str, mend: str) -> BadInput:
    """Make the error of a question that the record does not answer."""
    return BadInput([Fault(file="query", line=None, place=place, value=value, limit=limit, mend=mend)])


def window(start: datetime, end: datetime, *, series: int = 1) -> tuple[datetime, int]:
    """Give the first period label of [start, end) and the number of periods that begin in it.

    Raises:
        BadInput: the end lies before the start, or the window holds more than POINTS_PER_QUERY_MAX values.
    """
    first = period_start(start)
    periods = -periods_between(end, first)
    if periods < 0:
        raise query_fault(
            "end", value=end.isoformat(), limit="it lies before the start", mend="name a later end"
        )
    if periods * series > POINTS_PER_QUERY_MAX:
        raise query_fault(
            "start, end",
            value=f"{periods} periods of {series} points",
            limit=f"at most {POINTS_PER_QUERY_MAX} values a query",
            mend="ask for a shorter window or fewer assets",
        )
    return first, periods
