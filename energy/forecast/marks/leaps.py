"""Readings that leap away from their neighbours as this series never does: left out until confirmed.

A single absurd reading that is within its range would otherwise carry on as the recent level, and come back
as the usual value of its hour for weeks. One that lasts is a new level: the second reading near it counts.
"""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray
from energy.forecast.series import Kind

STEADY: frozenset[Kind] = frozenset({"load", "heat"})
"""Sums of many consumers, which do not leap; wind, sun and single machines may."""
LEAP_MIN = 0.5
"""In units of the scale, for a load its usual value: less is never called absurd."""
LEAP_TIMES = 4.0
"""A leap counts as absurd from so many times a usual day's greatest step on."""
USUAL_DAYS = 28


def lone_leaps(anomaly: FloatArray, *, slots: int) -> BoolArray:
    """Mark values of (periods,) far from both values before; what follows a value never decides on it."""
    before = np.concatenate([[np.nan], anomaly[:-1]])
    second = np.concatenate([[np.nan, np.nan], anomaly[:-2]])
    step = np.abs(anomaly - before)
    nearest = np.fmin(step, np.abs(anomaly - second))
    far: BoolArray = nearest > LEAP_MIN
    if not far.any():
        return far
    limit = np.fmax(LEAP_TIMES * _usual_step(step, slots=slots), LEAP_MIN)
    marked: BoolArray = far & (nearest > limit)
    return marked


def _usual_step(step: FloatArray, *, slots: int) -> FloatArray:
    """Median of the days' greatest steps over the days before each period's, NaN where there is none."""
    days = -(-step.size // slots)
    table = np.full(days * slots, -1.0)
    table[: step.size] = np.nan_to_num(step, nan=-1.0)
    greatest = table.reshape(days, slots).max(axis=1)
    greatest[greatest < 0.0] = np.nan
    usual = np.full(days, np.nan)
    for day in range(1, days):
        known = greatest[max(0, day - USUAL_DAYS) : day]
        known = known[np.isfinite(known)]
        if known.size:
            usual[day] = np.median(known)
    return np.repeat(usual, slots)[: step.size]
