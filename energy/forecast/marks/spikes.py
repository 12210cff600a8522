"""A few values far off that come back: told once the series is where it was before."""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.marks.days import Days, days_of, greatest, usual
from energy.forecast.marks.fault import Span
from energy.forecast.series import UNBOUNDED, Kind

WIDTH_H_MAX = 1.0
"""Longer is an event: a works stood still, the network was switched."""
STEP_TIMES = 3.0
"""Of a usual day's greatest step: less may be a consumer."""
LEVEL_SHARE = 0.25
"""Of a load's usual daily peak."""
HEAT_SHARE = 0.6
"""Of the greatest heat of four weeks: a network may draw for an hour what a tap or a store asks for."""
OVER_PEAK = 1.5
"""Of the greatest value of four weeks: what a source may not leap to and back within the hour."""
TEMPERATURE_STEP_K = 8.0
"""Within a quarter hour and back within the hour: no front does both."""
LEAPS_SHARE_MAX = 0.05
LEAPS_LEAST = 100
"""A series that leapt in more of its values so far, and so many times, is made of leaps."""


def spikes(kind: Kind, values: FloatArray, days: Days, *, start_s: int, step_s: int) -> list[Span]:
    """Find leaps that are taken back within the hour."""
    if kind in ("price", "ev_hub") or values.size < 3:  # one car that charges is a leap
        return []
    limit = _least_leap(kind, values, days, start_s=start_s, step_s=step_s)
    step = np.diff(values, prepend=np.nan)
    begins = np.flatnonzero(np.abs(step) > limit)
    begins = begins[np.arange(begins.size) <= np.maximum(LEAPS_LEAST, LEAPS_SHARE_MAX * begins)]
    width_max = max(1, round(WIDTH_H_MAX * 3600 / step_s))
    spans: list[Span] = []
    past = 0
    for first in begins.tolist():
        if first < past:
            continue
        width = _width(values, first, float(limit[first]), width_max)
        if width:
            past = first + width
            why = f"leaps from {values[first - 1]:g} and back within the hour"
            spans.append(Span(kind="spike", first=first, end=past, decided=past + 1, why=why))
    return spans


def _least_leap(kind: Kind, values: FloatArray, days: Days, *, start_s: int, step_s: int) -> FloatArray:
    if kind == "temperature":
        return np.full(values.size, TEMPERATURE_STEP_K)
    if kind in UNBOUNDED:
        return np.full(values.size, np.inf)
    most = greatest(days.table)
    if kind in ("load", "heat"):
        steps = days_of(np.abs(np.diff(values, prepend=np.nan)), start_s=start_s, step_s=step_s)
        step = usual(greatest(steps.table), 0.5)
        level = LEVEL_SHARE * usual(most, 0.5) if kind == "load" else HEAT_SHARE * usual(most, 1.0)
        return days.by_period(np.fmax(STEP_TIMES * step, level))
    # only upwards: a cloud, a lull or a stop for an hour is true
    high = days.by_period(OVER_PEAK * usual(most, 1.0))
    leap: FloatArray = np.where(values > high, 0.5 * high, np.inf)
    return leap


def _width(values: FloatArray, first: int, limit: float, width_max: int) -> int:
    """How many periods it takes to come back: all of them as far off to one side; 0 if it does not."""
    before = float(values[first - 1])
    up = values[first] > before
    for width in range(1, width_max + 1):
        end = first + width
        if end >= values.size:
            return 0
        after = float(values[end])
        inside = values[first:end]
        far = np.abs(inside - before) > limit
        if not np.all(far & ((inside > before) == up)):
            return 0
        if abs(after - before) < 0.5 * limit and abs(float(values[end - 1]) - after) > limit:
            return width
    return 0
