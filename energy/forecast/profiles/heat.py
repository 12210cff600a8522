"""What a district heating network usually delivers: buildings by the temperature of the days, and its losses.

Source: the sigmoid of BDEW, VKU and GEODE, "Abwicklung von Standardlastprofilen Gas" (TU München's method),
type MFH (apartment buildings) of average age with their hot water, in a place without much wind; the
temperature that counts is that of the day and, halved each time, of the three days before; the hours follow
its table by temperature. Networks lose about an eighth of their heat, evenly over the year (AGFW,
Hauptbericht, rounded).
"""

from functools import lru_cache

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import Calendar, IntArray
from energy.forecast.profiles.climate import HOURS_PER_YEAR, daily_mean_c, usual_temperature_c
from energy.forecast.profiles.published import published_rows

LOST_SHARE = 0.125
DESIGN_C = -12.0
"""The day that a network is built for: about the design temperature of most of Germany (DIN EN 12831)."""
_BUILDING_CLASS = "11"
"""The table's average over the ages of buildings."""
_TYPE = "MFH"
_CALM = "0"
_ASYMPTOTE_C = 40.0
_DAY_WEIGHTS = (1.0, 0.5, 0.25, 0.125)
_CLASS_TOPS_C = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
"""The table's ten classes of temperature each end at one of these; the last has no end."""


def heat_load(calendar: Calendar, temperature_c: FloatArray | None) -> FloatArray:
    """Give the mean heat of each period per kWh of heat in a usual year, shape (periods,).

    Args:
        calendar: quarter hours or hours.
        temperature_c: by period, as far as known ahead; NaN or None is taken for the day's usual.
    """
    mean = daily_mean_c(calendar, temperature_c)
    before = np.concatenate([usual_temperature_c(calendar.day_of_year[:1] - np.arange(3, 0, -1)), mean])
    weighted = sum(
        weight * before[3 - back : before.size - back] for back, weight in enumerate(_DAY_WEIGHTS)
    ) / sum(_DAY_WEIGHTS)
    hour = calendar.slot * 24 // calendar.slots
    return _per_kwh(np.asarray(weighted), calendar.day, hour)


def heat_peak() -> float:
    """Give the highest hour at the design temperature per kWh of heat in a usual year."""
    hours = np.arange(24)
    return float(_per_kwh(np.array([DESIGN_C]), np.zeros(24, dtype=np.int64), hours).max())


def _per_kwh(day_c: FloatArray, day: IntArray, hour: IntArray) -> FloatArray:
    """Share a usual year's kWh by days and hours; within a day the table's factors add up to 1."""
    share = _sigmoid(day_c) / _year()
    by_hour = _hours()[np.searchsorted(_CLASS_TOPS_C, day_c)]
    buildings: FloatArray = share[day] * by_hour[day, hour]
    return (1.0 - LOST_SHARE) * buildings + LOST_SHARE / HOURS_PER_YEAR


@lru_cache(maxsize=1)
def _year() -> float:
    return float(_sigmoid(usual_temperature_c(np.arange(1, 366))).sum())


def _sigmoid(day_c: FloatArray) -> FloatArray:
    a, b, c, d = _factors()
    # above its asymptote the formula has no value; nobody heats at 39 degrees either
    cold = np.minimum(day_c, _ASYMPTOTE_C - 1.0) - _ASYMPTOTE_C
    value: FloatArray = a / (1.0 + (b / cold) ** c) + d
    return value


@lru_cache(maxsize=1)
def _factors() -> tuple[float, float, float, float]:
    for row in published_rows("shlp_sigmoid_factors.csv"):
        if row[5:] == [_BUILDING_CLASS, _TYPE, _CALM]:
            a, b, c, d = (float(cell) for cell in row[1:5])
            return a, b, c, d
    raise LookupError(f"demandlib has no sigmoid for {_TYPE}, class {_BUILDING_CLASS}")


@lru_cache(maxsize=1)
def _hours() -> FloatArray:
    """Give the hours' shares of a day, shape (classes of temperature, hours)."""
    rows = [
        [float(cell) for cell in row[5:]]
        for row in published_rows("shlp_hour_factors.csv")
        if row[3:5] == [_BUILDING_CLASS, _TYPE]
    ]
    table = np.array(rows).T
    shares: FloatArray = table / table.sum(axis=1, keepdims=True)
    return shares
