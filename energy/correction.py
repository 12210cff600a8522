"""What a planner expects differently from the models: for which quarter hours, and by how much."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.errors import Fault

FACTOR_MAX = 5.0
"""Who expects more than five times the forecast says that the model is wrong: an offset in kW is clearer."""
OFFSET_KW_MAX = 10_000_000.0
"""The largest power a region file may name."""
INTERVAL_MAX = timedelta(days=14)
"""A plant shutdown, a holiday fortnight; what lasts longer belongs into the data that models learn from."""
QUARTER_S = 900
"""Quarter hours begin at its multiples since the Unix epoch, in every zone of Germany's history."""
AHEAD_MAX = timedelta(days=31)
"""No correction is open for longer: whoever still needs it then asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Quarter hours that begin in [start, end) are expected at another magnitude.

    Either ``factor`` multiplies the magnitude of every quantile, or ``offset_kw`` is added to it: more of
    what the asset does, drawing or generating, is positive. The other one is None.
    """

    start: datetime
    end: datetime
    factor: float | None = None
    offset_kw: float | None = None


def faults_of(correction: Correction | None, *, made_at: datetime, until: datetime | None) -> Iterator[Fault]:
    """Find everything that is wrong with a correction by itself; whether its asset exists is not known here.

    >>> from datetime import UTC
    >>> made_at, later = datetime(2020, 5, 31, tzinfo=UTC), datetime(2020, 6, 2, tzinfo=UTC)
    >>> given = Correction(start=datetime(2020, 6, 1, tzinfo=UTC), end=later, factor=7.0)
    >>> [fault.place for fault in faults_of(given, made_at=made_at, until=later)]
    ['factor']
    """
    if correction is None:
        yield _fault("correction", None, "correct needs an interval and a size", "name both")
        return
    yield from _faults_of_size(correction)
    start, end = correction.start, correction.end
    if any(moment.tzinfo is None for moment in (start, end, made_at)):
        yield _fault("start", start, "times carry their zone", "write UTC, with a Z")
        return
    if not timedelta() < end - start <= INTERVAL_MAX:
        yield _fault(
            "start, end",
            f"{start.isoformat()} to {end.isoformat()}",
            f"after each other and at most {INTERVAL_MAX.days} days apart",
            "name an end after the start, or correct in parts",
        )
    if -(-start.timestamp() // QUARTER_S) * QUARTER_S >= end.timestamp():
        yield _fault(
            "start, end",
            f"{start.isoformat()} to {end.isoformat()}",
            "no quarter hour begins there: nothing would change",
            "begin at a quarter hour, such as 10:00 or 10:15",
        )
    if not made_at < end <= made_at + AHEAD_MAX:
        yield _fault(
            "end",
            end.isoformat(),
            f"after {made_at.isoformat()} and at most {AHEAD_MAX.days} days later",
            "what is over cannot be corrected; correct what is far ahead later",
        )
    if until is None or not made_at < until <= end:
        yield _fault(
            "until",
            None if until is None else until.isoformat(),
            f"after {made_at.isoformat()} and no later than the interval's end",
            "leave the expiry out, or name a time before the interval's end",
        )


def _faults_of_size(correction: Correction) -> Iterator[Fault]:
    factor, offset_kw = correction.factor, correction.offset_kw
    if (factor is None) == (offset_kw is None):
        yield _fault("factor", factor, "either a factor or an offset", "name one of the two")
    if factor is not None and not (math.isfinite(factor) and 0.0 <= factor <= FACTOR_MAX):
        yield _fault("factor", factor, f"0 to {FACTOR_MAX:g}", "check the unit: 0.8 is four fifths")
    if offset_kw is not None and not (math.isfinite(offset_kw) and abs(offset_kw) <= OFFSET_KW_MAX):
        yield _fault(
            "offset_kw", offset_kw, f"finite, at most {OFFSET_KW_MAX:.0f} kW either way", "check the unit"
        )


def _fault(place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file="request", line=None, place=place, value=value, limit=limit, mend=mend)
