"""Lasting steps of a load's level, as an exchanged meter or a new customer makes them.

A step shows in the ratio of each day's mean to the same weekday's a week before: for a week it is off by the
same factor. What was measured before a step is brought to today's measure, so that the usual course, the
scale and all that was learned go on as if the meter had always been there. Whoever cuts the history at a gate
first sees only the steps known there.
"""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray, Calendar
from energy.forecast.series import Kind

STEPPED: frozenset[Kind] = frozenset({"load"})
"""Kinds whose level is steady enough; heat follows the weather, and the sun's level its own peaks."""
RUN_DAYS = 4
"""So many days in a row must agree; a closed factory or a heat wave of fewer is no step."""
STEP_MIN = 0.18
"""Natural logarithm: a fifth; smaller ones the reference follows by itself."""
TIMES_USUAL = 4.0
"""A step counts from so many times the usual weekly change on (median deviation as a standard one)."""
ALIKE = 0.6
"""Every day of the run must show so much of the run's median."""
STEP_MAX = 1.8
"""Natural logarithm, six times: more is a wrong unit and not followed."""
USUAL_DAYS = 56
KNOWN_SHARE_MIN = 0.75
_WEEK = 7
_YEAR_END_DAYS = 14
_HOLIDAY_SHARE = 0.3
_TO_STANDARD = 1.4826
"""A normal variable's standard deviation in units of its median absolute deviation."""


def levelled(values: FloatArray, calendar: Calendar) -> FloatArray:
    """Bring values (periods,) from before each lasting step to the measure of those after the last."""
    level = _daily_means(values, calendar)
    plain = _plain_days(calendar)
    factor = np.ones(level.size)
    begin = _WEEK
    while True:
        found = _next_step(level * factor, plain, begin)
        if found is None:
            break
        day, step = found
        factor[:day] *= np.exp(step)
        begin = day + RUN_DAYS
    return values if (factor == 1.0).all() else values * factor[calendar.day]


def _daily_means(values: FloatArray, calendar: Calendar) -> FloatArray:
    """Mean of each local day, NaN where too little of it is known or it is not positive."""
    days = calendar.weekday.size
    known = np.isfinite(values)
    count = np.bincount(calendar.day[known], minlength=days)
    total = np.bincount(calendar.day[known], weights=values[known], minlength=days)
    usable = (count >= KNOWN_SHARE_MIN * calendar.slots) & (total > 0.0)
    mean: FloatArray = np.divide(total, count, out=np.full(days, np.nan), where=usable)
    return mean


def _plain_days(calendar: Calendar) -> BoolArray:
    """Days whose level says something about the next week's: no holiday, no bridge, not the year's end."""
    to_new_year = np.minimum(calendar.day_of_year, 366 - calendar.day_of_year)
    plain: BoolArray = (
        (calendar.holiday_share < _HOLIDAY_SHARE)
        & (calendar.bridge < _HOLIDAY_SHARE)
        & (to_new_year > _YEAR_END_DAYS)
    )
    return plain


def _next_step(level: FloatArray, plain: BoolArray, begin: int) -> tuple[int, float] | None:
    """Give the first day and the logarithm of the first step from ``begin`` on, None if there is none."""
    change = np.full(level.size, np.nan)
    change[_WEEK:] = np.log(level[_WEEK:] / level[:-_WEEK])
    change[_WEEK:][~(plain[_WEEK:] & plain[:-_WEEK])] = np.nan
    wide = np.flatnonzero(np.abs(change) > STEP_MIN * ALIKE)
    for day in wide[wide >= begin]:
        run = change[day : day + _WEEK]
        run = run[np.isfinite(run)][: _WEEK - 1]
        first = run[:RUN_DAYS]
        if first.size < RUN_DAYS:
            continue
        step = float(np.median(run))
        if not STEP_MIN < abs(step) < STEP_MAX or (first * np.sign(step) < ALIKE * abs(step)).any():
            continue
        before = change[max(0, day - USUAL_DAYS) : day]
        before = before[np.isfinite(before)]
        usual = _TO_STANDARD * float(np.median(np.abs(before))) if before.size else 0.0
        if abs(step) > TIMES_USUAL * usual:
            return int(day), step
    return None
