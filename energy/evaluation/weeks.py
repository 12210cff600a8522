"""Which weeks are judged: seeded, spread over the year, each from a Monday 00:00 local time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from energy.errors import BadInput, Fault
from energy.periods import format_utc, local_day, periods_between, require_aware

DAYS_PER_WEEK = 7
HISTORY_BEFORE = timedelta(days=45)
"""A week begins this long after the history does, so that a forecaster has something to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is judged at once: whole local days, so a week has 668, 672 or 676 quarter hours."""

    start: datetime
    end: datetime

    @property
    def periods(self) -> int:
        """How many quarter hours."""
        return periods_between(self.start, self.end)


def window_from(day: date, *, days: int, zone: ZoneInfo) -> Window:
    """Give the window of ``days`` local days from a day on."""
    return Window(start=local_day(day, zone)[0], end=local_day(day + timedelta(days=days - 1), zone)[1])


def days_of(window: Window, zone: ZoneInfo) -> list[Window]:
    """Cut a window into its local days."""
    days: list[Window] = []
    at = window.start
    while at < window.end:
        day = window_from(at.astimezone(zone).date(), days=1, zone=zone)
        days.append(day)
        at = day.end
    return days


def weeks_of(
    span: tuple[datetime, datetime],
    *,
    zone: ZoneInfo,
    weeks: int,
    seed: int,
    first: datetime | None = None,
    days: int = DAYS_PER_WEEK,
) -> Sequence[Window]:
    """Cut the span into as many slices as weeks are wanted and choose one Monday in each.

    Args:
        span: first and past-the-end moment of the history.
        zone: the region's time zone.
        weeks: how many.
        seed: the same seed gives the same weeks.
        first: the local day that contains it begins the first window, whatever weekday it is.
        days: length of a window.

    Raises:
        BadInput: the span is too short for so many weeks, or does not hold the first one.
    """
    begin, end = span[0] + HISTORY_BEFORE, span[1]
    windows: list[Window] = []
    for number in range(weeks):
        low = begin + (end - begin) * number / weeks
        high = begin + (end - begin) * (number + 1) / weeks
        mondays = [
            window
            for day in _mondays(low.astimezone(zone).date(), high.astimezone(zone).date())
            if low <= (window := window_from(day, days=days, zone=zone)).start and window.end <= high
        ]
        if number == 0 and first is not None:
            windows.append(_first(require_aware(first), span, days=days, zone=zone))
        elif mondays:
            windows.append(random.Random(f"{seed}:{number}").choice(mondays))  # noqa: S311 (no secret)
        else:
            raise _bad(
                "--weeks", weeks, f"the history holds no whole week in slice {number + 1}", "ask for fewer"
            )
    return windows


def _first(first: datetime, span: tuple[datetime, datetime], *, days: int, zone: ZoneInfo) -> Window:
    window = window_from(first.astimezone(zone).date(), days=days, zone=zone)
    if not span[0] < window.start < window.end <= span[1]:
        reach = f"the history reaches from {format_utc(span[0])} to {format_utc(span[1])}"
        raise _bad("--from", format_utc(first), reach, "choose a week inside it")
    return window


def _mondays(low: date, high: date) -> list[date]:
    days = (high - low).days + 1
    return [day for day in (low + timedelta(days=index) for index in range(days)) if day.weekday() == 0]


def _bad(option: str, value: object, limit: str, mend: str) -> BadInput:
    return BadInput(
        [Fault(file="command line", line=None, place=option, value=value, limit=limit, mend=mend)]
    )
