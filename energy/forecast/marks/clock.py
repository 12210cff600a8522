"""Labels that are off by an hour since a clock change: local time was written as if it were UTC.

People live by the clock and the sun does not, so each series has a course of the day of its own to be held
against: a load the wall clock, a park the sun.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import Calendar
from energy.forecast.marks.fault import Span
from energy.forecast.series import Kind

DAYS = 14
DAYS_MIN = 10
CLEAR_OF_DOUBT = 0.6
"""The error with the hour moved must be less than this share of that as labelled, and of the other way."""
SHIFTING: frozenset[Kind] = frozenset({"load", "pv"})
HOUR_S = 3600


def shifted(kind: Kind, values: FloatArray, calendar: Calendar, *, zone: ZoneInfo) -> list[Span]:
    """Compare the days after each clock change with those before it, as labelled and an hour off.

    What is found is told, not left out: it is an hour off for half a year, and mended at its source.
    """
    if kind not in SHIFTING:
        return []
    spans = []
    at_s = calendar.at_s[: values.size]
    offset_s = np.rint(calendar.clock_shift[: values.size] * HOUR_S).astype(np.int64)
    for change in (np.flatnonzero(np.diff(offset_s)) + 1).tolist():
        slots = calendar.slots
        first, end = change - DAYS * slots, change + DAYS * slots
        if first < 0 or end + slots > values.size:
            continue
        local = int(offset_s[change] - offset_s[change - 1]) // calendar.step_s
        moved = _moved(values, change, slots=slots, follows=0 if kind == "pv" else local)
        if moved:
            word = "later" if moved > 0 else "earlier"
            moment = datetime.fromtimestamp(int(at_s[change]), UTC).astimezone(zone)
            why = f"an hour {word} by its labels since the clock change of {moment:%Y-%m-%d}: local time?"
            spans.append(
                Span(kind="shifted", first=change, end=values.size, decided=end, why=why, kept_out=False)
            )
    return _until_undone(spans)


def _moved(values: FloatArray, change: int, *, slots: int, follows: int) -> int:
    """Give by which sign the course moved against what it follows: 0 where it did not, or nothing is sure.

    ``follows`` is how many periods earlier in UTC the same course is expected after the change.
    """
    hour = slots // 24
    before = _course(values, change - DAYS * slots, slots=slots)
    after = _course(values, change + slots, slots=slots, days=DAYS - 1)
    if before is None or after is None:
        return 0
    as_labelled = np.roll(after, follows)
    errors = {sign: _distance(before, np.roll(as_labelled, -sign * hour)) for sign in (-1, 0, 1)}
    best = min(errors, key=lambda sign: errors[sign])
    rest = [errors[sign] for sign in errors if sign != best]
    return best if best != 0 and errors[best] < CLEAR_OF_DOUBT * min(rest) else 0


def _course(values: FloatArray, first: int, *, slots: int, days: int = DAYS) -> FloatArray | None:
    table = values[first : first + days * slots].reshape(days, slots)
    whole = np.isfinite(table).all(axis=1)
    if whole.sum() < min(DAYS_MIN, days):
        return None
    mean: FloatArray = table[whole].mean(axis=0)
    spread = float(mean.std())
    return (mean - mean.mean()) / spread if spread > 0.0 else None


def _distance(one: FloatArray, other: FloatArray) -> float:
    return float(np.mean((one - other) ** 2))


def _until_undone(spans: list[Span]) -> list[Span]:
    """A shift ends where the next one takes it back."""
    result = []
    for span, after in zip(spans, [*spans[1:], None], strict=False):
        end = span.end if after is None else after.first
        result.append(
            Span(
                kind=span.kind,
                first=span.first,
                end=end,
                decided=min(span.decided, end),
                why=span.why,
                kept_out=False,
            )
        )
    return result[::2]
