"""What the record bounds: how much a query may ask, and how long things are kept."""

from datetime import datetime

from energy.errors import BadInput, Fault
from energy.periods import period_start, periods_between

POINTS_PER_QUERY_MAX = 500_000
"""Values that one query may give: 14 years of one point, or two weeks of 370 points."""
PLANS_PER_QUERY_MAX = 200
"""Two days of plans, one each quarter hour."""
EVENTS_PER_QUERY_MAX = 1_000
SAMPLES_KEPT_DAYS = 14
"""Raw samples; quarter-hour means are kept for ever. 300 points every 5 s are 0.12 GB a day."""
OUTCOMES_KEPT_DAYS = 90
PLANS_KEPT_DAYS = 90
"""Plans and their forecasts."""
WEATHER_KEPT_DAYS = 730
"""Two winters to learn from; ten variables of two days, eight times a day, are about 45 MB a year."""
EVENTS_KEPT_DAYS = 730
SCORES_KEPT_DAYS = 90
"""Like the outcomes that they count; 300 devices make 29,000 rows a day."""
LATE_S_MAX = 3600
"""A reading that is older than the latest one by more than this was not delayed: the clock went back, and the
new reading is the present."""


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
