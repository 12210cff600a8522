"""What the learned model sees: one row for each pair of a period to forecast and a gate.

A gate is the number of periods known when the forecast is made. Every feature here reads measured values at
indexes below the gate only; the calendar, the reference and columns known ahead may be read at the period
itself.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray
from energy.forecast.frame import Column, Frame, PriorColumn, Sums
from energy.forecast.prior import prior_deviation
from energy.forecast.reference import clear_sky_over

_DECAYS_H = ((0.25, 1.0), (1.0, 2.0), (1.0, 8.0), (6.0, 12.0), (24.0, 36.0))
_NEAR_DECAYS_H = (*_DECAYS_H, (0.25, 4.0), (0.25, 16.0))
"""Window of the recent error and the time constant with which it fades, hours; the near ones let the last
value last, which pays only where forecasts begin at the gate."""
_WINDOWS_H = (0.25, 1.0, 6.0, 24.0, 72.0, 168.0, 672.0)
_PRIOR_GAPS_H = (24.0, 168.0)
DEVIATION_MAX = 4.0
"""Deviations count at most this many times the scale: a wild reading must not steer a linear model."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Features by sample: ``linear`` for the ridge (no NaN), ``full`` for the trees (NaN is a value)."""

    linear: FloatArray
    full: FloatArray


def rows_of(frame: Frame, index: IntArray, gate: IntArray, *, near: bool) -> Rows:
    """Read the features of the periods ``index`` as known at ``gate``, both shape (samples,).

    ``near`` says that forecasts begin at the gate instead of half a day later.
    """
    lead_h = (index - gate) * (frame.calendar.step_s / 3600.0)
    recent = _recent(frame, gate)
    lags = _lags(frame, index, gate)
    extras = _extras(frame, index, gate)
    decays = [
        np.nan_to_num(recent[_WINDOWS_H.index(window)]) * np.exp(-lead_h / fade)
        for window, fade in (_NEAR_DECAYS_H if near else _DECAYS_H)
    ]
    linear = [*decays, *recent[3:6], *lags, *extras.anomalies]
    full = [*_calendar(frame, index), lead_h, *_level(frame, index), *recent, *decays, *lags, *extras.all]
    return Rows(
        linear=np.clip(np.nan_to_num(np.column_stack(linear)), -DEVIATION_MAX, DEVIATION_MAX),
        full=np.column_stack(full),
    )


def _calendar(frame: Frame, index: IntArray) -> list[FloatArray]:
    calendar = frame.calendar
    day = calendar.day[index]
    before = np.maximum(day - 1, 0)
    year_end = np.minimum(calendar.day_of_year, 366 - calendar.day_of_year)
    columns = [
        calendar.slot[index] * (24.0 / calendar.slots),
        calendar.weekday[day],
        calendar.day_class[day],
        calendar.day_class[before],
        calendar.holiday_share[day],
        calendar.holiday_share[before],
        calendar.holiday_share_after[day],
        calendar.bridge[day],
        calendar.day_of_year[day],
        np.minimum(year_end[day], 20),
        clear_sky_over(calendar, frame.spec.location)[index],
        _since_clock_change(calendar.clock_shift, index, calendar.slots),
    ]
    return [np.asarray(column, dtype=np.float64) for column in columns]


def _since_clock_change(shift: FloatArray, index: IntArray, slots: int) -> FloatArray:
    """Hours by which the wall clock moved against a week ago: nonzero in the week after a clock change."""
    result: FloatArray = shift[index] - shift[np.maximum(index - 7 * slots, 0)]
    return result


def _level(frame: Frame, index: IntArray) -> list[FloatArray]:
    """The reference's own shape: where in its range the series usually is at this time."""
    scale = frame.reference.scale[index]
    centre = frame.reference.centre[index]
    share = np.divide(centre, scale, out=np.full(index.size, np.nan), where=scale > 0.0)
    return [share]


def _recent(frame: Frame, gate: IntArray) -> list[FloatArray]:
    """Mean deviation from the reference over windows that end at the gate."""
    return [frame.sums.mean(gate - _periods(frame, hours), gate) for hours in _WINDOWS_H]


def _periods(frame: Frame, hours: float) -> int:
    return max(1, round(hours * 3600.0 / frame.calendar.step_s))


def _lags(frame: Frame, index: IntArray, gate: IntArray) -> list[FloatArray]:
    """Deviations at the same wall-clock time of days before, as far as known at the gate."""
    nearest = np.full(index.size, -1, dtype=np.int64)
    total, count = np.zeros(index.size), np.zeros(index.size)
    week = np.full(index.size, np.nan)
    for back in range(1, 8):
        lag = _lag_index(frame, index, back)
        known = (lag >= 0) & (lag < gate)
        nearest = np.where(known & (nearest < 0), lag, nearest)
        week = np.where(known, frame.anomaly[lag], np.nan)
        usable = known & np.isfinite(week)
        total += np.where(usable, week, 0.0)
        count += usable
    mean = np.divide(total, count, out=np.full(index.size, np.nan), where=count > 0)
    half = _periods(frame, 1.0)
    around = _window(frame.sums, nearest - half, nearest + half + 1, gate)
    at_once = np.where(nearest >= 0, frame.anomaly[nearest], np.nan)
    yesterday = _day_mean(frame, gate, 1)
    return [at_once, around, mean, week, yesterday, _day_mean(frame, gate, 2)]


def _lag_index(frame: Frame, index: IntArray, back: int) -> IntArray:
    day = frame.calendar.day[index] - back
    lag = frame.calendar.index_of[np.maximum(day, 0), frame.calendar.slot[index]]
    return np.where(day >= 0, lag, -1)


def _window(sums: Sums, begin: IntArray, end: IntArray, gate: IntArray) -> FloatArray:
    return sums.mean(begin, np.minimum(end, gate))


def _day_mean(frame: Frame, gate: IntArray, back: int) -> FloatArray:
    """Mean deviation of the last whole local day but ``back - 1`` before the gate."""
    first = frame.calendar.index_of[:, 0]
    today = frame.calendar.day[np.minimum(gate, frame.calendar.day.size - 1)]
    begin, end = first[np.maximum(today - back, 0)], first[np.maximum(today - back + 1, 0)]
    usable = (today >= back) & (begin >= 0) & (end >= 0)
    mean = frame.sums.mean(np.where(usable, begin, 0), np.where(usable, np.minimum(end, gate), 0))
    return np.where(usable, mean, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Extras:
    anomalies: list[FloatArray]
    all: list[FloatArray]


def _extras(frame: Frame, index: IntArray, gate: IntArray) -> _Extras:
    anomalies: list[FloatArray] = []
    every: list[FloatArray] = []
    day = _periods(frame, 24.0)
    for column in frame.known_ahead.values():
        now, recent = column.anomaly[index], column.sums.mean(gate - day, gate)
        anomalies += [now, recent]
        every += [
            column.value[index],
            now,
            recent,
            now - recent,
            _change_since_lag(frame, column, index, gate),
        ]
    if frame.prior is not None:
        linear, full = _prior(frame, frame.prior, index, gate)
        anomalies += linear
        every += full
    for column in frame.past.values():
        hour, recent = column.sums.mean(gate - _periods(frame, 1.0), gate), column.sums.mean(gate - day, gate)
        anomalies += [hour, recent]
        every += [hour, recent]
    return _Extras(anomalies=anomalies, all=every)


def _prior(
    frame: Frame, prior: PriorColumn, index: IntArray, gate: IntArray
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Where the prior stands, how far from its own usual, and how wrong it has been of late."""
    scale = frame.reference.scale[index]
    level = np.divide(prior.column.value[index], scale, out=np.full(index.size, np.nan), where=scale > 0.0)
    lead, anomaly = prior.lead[index], prior.column.anomaly[index]
    gaps = [prior.gap.mean(gate - _periods(frame, hours), gate) for hours in _PRIOR_GAPS_H]
    change = _change_since_lag(frame, prior.column, index, gate)
    mended = prior_deviation(frame, index, gate)
    return [lead, anomaly, mended, *gaps], [level, lead, anomaly, mended, change, *gaps]


def _change_since_lag(frame: Frame, column: Column, index: IntArray, gate: IntArray) -> FloatArray:
    """How the input differs from its value at the nearest known day's same time."""
    lag = _lag_index(frame, index, 1)
    lag = np.where((lag >= 0) & (lag < gate), lag, _lag_index(frame, index, 2))
    return np.where(lag >= 0, column.anomaly[index] - column.anomaly[np.maximum(lag, 0)], np.nan)
