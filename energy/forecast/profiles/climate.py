"""The usual temperature of the day of the year, where no forecast of it is at hand."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import CALENDARS_KEPT, Calendar, IntArray

MONTHS_C = (0.9, 1.5, 4.7, 9.0, 13.1, 16.4, 18.3, 17.9, 13.8, 9.4, 4.8, 1.8)
"""Germany's monthly means, January to December, 1991 to 2020 (Deutscher Wetterdienst, mean over the area)."""
DAYS_PER_YEAR = 365.25
HOURS_PER_YEAR = 24.0 * DAYS_PER_YEAR
_MIDDLES = (np.arange(14) - 0.5) * DAYS_PER_YEAR / 12.0
_AROUND_C = np.array([MONTHS_C[-1], *MONTHS_C, MONTHS_C[0]])


def usual_temperature_c(day_of_year: IntArray) -> FloatArray:
    """Give the usual mean of a day, straight lines between the middles of the months.

    >>> usual_temperature_c(np.array([15, 197])).round(1).tolist()
    [0.9, 18.2]
    """
    usual: FloatArray = np.interp(day_of_year - 0.5, _MIDDLES, _AROUND_C)
    return usual


def daily_mean_c(calendar: Calendar, temperature_c: FloatArray | None) -> FloatArray:
    """Give each local day's mean temperature, shape (days,): the usual one where under half is known."""
    usual = usual_temperature_c(calendar.day_of_year)
    if temperature_c is None:
        return usual
    periods = calendar.day.size
    known = np.full(periods, np.nan)
    known[: min(periods, temperature_c.size)] = temperature_c[:periods]
    finite = np.isfinite(known)
    days = calendar.weekday.size
    count = np.bincount(calendar.day, weights=finite, minlength=days)
    total = np.bincount(calendar.day, weights=np.where(finite, known, 0.0), minlength=days)
    asked = np.bincount(calendar.day, minlength=days)
    enough = (count > 0) & (2 * count >= asked)
    mean: FloatArray = np.where(enough, total / np.maximum(count, 1.0), usual)
    return mean


@lru_cache(maxsize=CALENDARS_KEPT)
def month_of_days(calendar: Calendar, zone: ZoneInfo) -> IntArray:
    """Give each local day's month, 0 to 11."""
    first = datetime.fromtimestamp(int(calendar.at_s[0]), UTC).astimezone(zone).date()
    days = np.datetime64(first, "D") + np.arange(calendar.weekday.size)
    month: IntArray = days.astype("datetime64[M]").astype(np.int64) % 12
    return month
