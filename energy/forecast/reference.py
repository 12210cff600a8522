"""What a series usually does: a centre and a scale for every period, both known three days before.

A forecast is ``centre + scale * deviation``; only the deviation is learned. So the learned part is a number
near zero for a village and for a country alike, and a series that grows is followed by its reference.

Nothing here looks at values younger than ``DAYS_BACK_MIN`` days before the period it describes, and no
forecast reaches further than ``LEAD_DAYS_MAX``: a reference is always known at the gate.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import CALENDARS_KEPT, SATURDAY, Calendar, IntArray
from energy.forecast.series import UNBOUNDED, Kind, SeriesSpec
from energy.forecast.sun import sine_of_elevation

DAYS_BACK_MIN = 3
LEAD_DAYS_MAX = 2.5
"""Half a day under DAYS_BACK_MIN, so that neither a slot nor a clock change can reach past the gate."""

_CLASS_WEIGHTS = (0.34, 0.25, 0.19, 0.13, 0.09)
"""How much the last days of the same class count, youngest first; levels are corrected later."""
_ALIKE_WEIGHTS = (0.2, 0.2, 0.2, 0.2, 0.2)
WEATHER_LED: frozenset[Kind] = frozenset({"temperature", "heat"})
_PV_DAYS = 14
_PV_PEAK_DAYS = 28
_LEVEL_DAYS = 28
_HYDRO_DAYS = 7
_WIND_PEAK_DAYS = 120
_SPREAD_DAYS = 3
_LEAST_SHARE, _FEW_SHARE = 0.05, 0.5
"""Of the level a spread is believed to be at least; more of it while it rests on less than _SPREAD_DAYS: one
hour that chanced to be usual made all that followed the end of a gap hundreds of spreads away. A series'
first weeks stay as they are, short records and all."""
_TEMPERATURE_SPREAD_K = 0.5
"""A sensor that stands still is still believed to move by so much."""
_CLEAR_SKY_POWER = 1.15
"""Exponent on the sine of elevation: the longer way through the air at low sun."""
_NIGHT_SHARE = 0.005
"""A value under this share of the peak is no sun, unless the sun is near."""
_LIT_DAYS = 2
"""A slot that was light once only, against the geometry, was a wrong reading."""
_QUARTERS_A_DAY = 96


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Centre and scale by period, NaN where nothing is known; a scale of 0 means certainly zero (night)."""

    centre: FloatArray
    scale: FloatArray


def reference_of(spec: SeriesSpec, values: FloatArray, calendar: Calendar) -> Reference:
    """Describe the usual course of ``values`` (periods,), NaN where missing or not yet known."""
    if spec.kind == "pv":
        return _sun_reference(spec, values, calendar)
    centre = centre_of(spec, values, calendar)
    level = _trailing_mean(np.abs(values), days=_LEVEL_DAYS, slots=calendar.slots)
    if spec.kind in ("load", "heat"):
        scale = np.fmax(centre, 0.1 * level)
    elif spec.kind in UNBOUNDED:
        off = (values - centre) ** 2
        spread = np.sqrt(_trailing_mean(off, days=_LEVEL_DAYS, slots=calendar.slots))
        count = _trailing_count(off, days=_LEVEL_DAYS, slots=calendar.slots)
        late = np.arange(values.size) >= (_LEVEL_DAYS + DAYS_BACK_MIN) * calendar.slots
        few = late & (count < _SPREAD_DAYS * calendar.slots)
        least = np.where(few, _FEW_SHARE, _LEAST_SHARE) * level
        scale = np.fmax(spread, _TEMPERATURE_SPREAD_K if spec.kind == "temperature" else least)
    elif spec.kind == "hydro":
        scale = np.fmax(centre, 0.25 * level)
    elif spec.kind == "wind":
        scale = _trailing_peak(values, days=_WIND_PEAK_DAYS, slots=calendar.slots)
        scale = np.fmax(scale, 2.0 * level)
    else:
        scale = level
    return Reference(centre=centre, scale=np.where(scale > 0.0, scale, np.nan))


def centre_of(spec: SeriesSpec, values: FloatArray, calendar: Calendar) -> FloatArray:
    """Give the usual value of any column for a series of this kind."""
    if spec.kind == "pv":
        return _slot_mean(values, slots=calendar.slots, days=_PV_DAYS)
    if spec.kind in ("wind", "hydro"):
        days = _HYDRO_DAYS if spec.kind == "hydro" else _LEVEL_DAYS
        return _trailing_mean(values, days=days, slots=calendar.slots)
    if spec.kind in WEATHER_LED:
        return _recent_days_centre(values, calendar)
    return _day_class_centre(values, calendar)


def clear_sky(at_s: IntArray, *, step_s: int, location: tuple[float, float]) -> FloatArray:
    """Give a clear sky's share of full power for periods that start at ``at_s``: 0 from sunset to sunrise."""
    parts = [
        np.maximum(
            sine_of_elevation(
                at_s.astype(np.float64) + share * step_s, latitude=location[0], longitude=location[1]
            ),
            0.0,
        )
        ** _CLEAR_SKY_POWER
        for share in (1.0 / 6.0, 0.5, 5.0 / 6.0)
    ]
    result: FloatArray = (parts[0] + parts[1] + parts[2]) / 3.0
    return result


@lru_cache(maxsize=CALENDARS_KEPT)
def clear_sky_over(calendar: Calendar, location: tuple[float, float]) -> FloatArray:
    """Give ``clear_sky`` for every period of a calendar, read-only and the same for all who ask."""
    result = clear_sky(calendar.at_s, step_s=calendar.step_s, location=location)
    result.setflags(write=False)
    return result


def _day_class_centre(values: FloatArray, calendar: Calendar) -> FloatArray:
    """Weigh the last days of the same class; else days alike in being off or not; else any."""
    by_clock = np.where(calendar.index_of >= 0, values[calendar.index_of], np.nan)
    same, alike, any_day = _days_before(calendar)
    centre = _days_mean(by_clock, same, _CLASS_WEIGHTS)
    for coarser in (alike, any_day):
        if not np.isnan(centre).any():
            break
        centre = np.where(np.isnan(centre), _days_mean(by_clock, coarser, _ALIKE_WEIGHTS), centre)
    by_period: FloatArray = centre[calendar.day, calendar.slot]
    return by_period


def _recent_days_centre(values: FloatArray, calendar: Calendar) -> FloatArray:
    """Weigh the last days, whatever their class: weather changes faster than weekdays differ."""
    by_clock = np.where(calendar.index_of >= 0, values[calendar.index_of], np.nan)
    centre = _days_mean(by_clock, _days_before(calendar)[2], _ALIKE_WEIGHTS)
    by_period: FloatArray = centre[calendar.day, calendar.slot]
    return by_period


@lru_cache(maxsize=CALENDARS_KEPT)
def _days_before(calendar: Calendar) -> tuple[IntArray, IntArray, IntArray]:
    """List the last days of each day's class, of those alike in being off or not, and of all."""
    classes = calendar.day_class
    off = (classes >= SATURDAY).astype(np.int64)
    return _previous_days(classes), _previous_days(off), _previous_days(np.zeros_like(classes))


def _previous_days(classes: IntArray) -> IntArray:
    """List the last days of each day's class, youngest first, shape (days, 5), -1 for none."""
    count = len(_CLASS_WEIGHTS)
    table = np.full((classes.size, count), -1, dtype=np.int64)
    for value in np.unique(classes):
        members = np.flatnonzero(classes == value)
        known = np.searchsorted(members, members - DAYS_BACK_MIN, side="right")
        for rank in range(count):
            position = known - 1 - rank
            table[members, rank] = np.where(position >= 0, members[np.maximum(position, 0)], -1)
    return table


def _days_mean(by_clock: FloatArray, table: IntArray, weights: tuple[float, ...]) -> FloatArray:
    """Weigh the days listed in ``table``; values and result have shape (days, slots)."""
    total = np.zeros(by_clock.shape)
    weight_sum = np.zeros(by_clock.shape)
    known = np.isfinite(by_clock)
    filled = np.where(known, by_clock, 0.0)
    for rank, weight in enumerate(weights):
        day = table[:, rank]
        there = known[day] & (day >= 0)[:, None]
        total += np.where(there, weight * filled[day], 0.0)
        weight_sum += weight * there
    return _ratio(total, weight_sum)


def _sun_reference(spec: SeriesSpec, values: FloatArray, calendar: Calendar) -> Reference:
    """Scale by the clear sky where the sun is up, by its own peaks where they contradict the geometry."""
    slots = calendar.slots
    clear = clear_sky_over(calendar, spec.location)
    shine = np.where(np.isfinite(values), clear, np.nan)
    share = _ratio(
        _slot_mean(values, slots=slots, days=_PV_DAYS), _slot_mean(shine, slots=slots, days=_PV_DAYS)
    )
    peak = _trailing_peak(values, days=_PV_PEAK_DAYS, slots=slots)
    clear_peak = _trailing_peak(shine, days=_PV_PEAK_DAYS, slots=slots)
    own_peak = _own_peak(values, clear, peak, slots=slots)
    scale = np.fmax(clear * _ratio(peak, clear_peak), own_peak)
    own_mean = _slot_mean(values, slots=slots, days=_PV_DAYS)
    centre = np.where((clear > 0.02) & np.isfinite(share), share * clear, own_mean)
    return Reference(centre=np.clip(centre, 0.0, scale), scale=scale)


def _own_peak(values: FloatArray, clear: FloatArray, peak: FloatArray, *, slots: int) -> FloatArray:
    """Highest value of the slot over the trailing days, 0 where it was dark on all of them but one.

    The light of a quarter hour further counts too, since sunrise wanders: it grows with the square of the
    time, so of an hour's neighbours only a little. Within an hour of the sun any value is light.
    """
    hour = slots // 24
    twilight = np.maximum(np.roll(clear, hour), np.roll(clear, -hour)) > 0.0
    near = (slots / _QUARTERS_A_DAY) ** 2.0
    table = np.nan_to_num(_by_day(values, slots), nan=0.0)
    beside = np.maximum(np.roll(table, 1, axis=1), np.roll(table, -1, axis=1))
    wide = np.maximum(table, near * beside)
    dark = _by_day(np.where(twilight, 0.0, _NIGHT_SHARE * np.nan_to_num(peak)), slots)
    lit = np.vstack([np.zeros(slots), np.cumsum(wide > np.nan_to_num(dark), axis=0)])
    end = np.maximum(np.arange(table.shape[0]) - DAYS_BACK_MIN + 1, 0)
    seen = lit[end] - lit[np.maximum(end - _PV_PEAK_DAYS, 0)] >= _LIT_DAYS
    highest = _trailing_rows(wide, days=_PV_PEAK_DAYS)
    return np.where(seen, highest, 0.0).ravel()[: values.size]


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.0)
    return ratio


def _trailing_mean(values: FloatArray, *, days: int, slots: int) -> FloatArray:
    """Mean over ``days`` days that end DAYS_BACK_MIN days before each period."""
    total = _trailing_sum(np.nan_to_num(values), days=days, slots=slots)
    return _ratio(total, _trailing_count(values, days=days, slots=slots))


def _trailing_count(values: FloatArray, *, days: int, slots: int) -> FloatArray:
    """Count what is known over the same days."""
    return _trailing_sum(np.isfinite(values).astype(np.float64), days=days, slots=slots)


def _trailing_sum(values: FloatArray, *, days: int, slots: int) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.maximum(np.arange(values.size) - DAYS_BACK_MIN * slots + 1, 0)
    difference: FloatArray = total[end] - total[np.maximum(end - days * slots, 0)]
    return difference


def _by_day(values: FloatArray, slots: int) -> FloatArray:
    """Lay periods out as (days, slots) counted from the first period, NaN-padded."""
    days = -(-values.size // slots)
    table = np.full(days * slots, np.nan)
    table[: values.size] = values
    return table.reshape(days, slots)


def _slot_mean(values: FloatArray, *, slots: int, days: int) -> FloatArray:
    table = _by_day(values, slots)
    known = np.isfinite(table)
    total = np.vstack([np.zeros(slots), np.cumsum(np.where(known, table, 0.0), axis=0)])
    count = np.vstack([np.zeros(slots), np.cumsum(known, axis=0)])
    end = np.maximum(np.arange(table.shape[0]) - DAYS_BACK_MIN + 1, 0)
    begin = np.maximum(end - days, 0)
    mean = _ratio((total[end] - total[begin]).ravel(), (count[end] - count[begin]).ravel())
    return mean[: values.size]


def _trailing_peak(values: FloatArray, *, days: int, slots: int) -> FloatArray:
    table = np.nan_to_num(_by_day(np.abs(values), slots), nan=0.0)
    peak = _trailing_rows(table.max(axis=1, keepdims=True), days=days)
    return np.repeat(peak.ravel(), slots)[: values.size]


def _trailing_rows(table: FloatArray, *, days: int) -> FloatArray:
    """Give for each row the greatest of ``days`` rows ending two whole days and a day before it."""
    lead = days + DAYS_BACK_MIN - 1
    padded = np.vstack([np.zeros((lead, table.shape[1])), table])
    windows = np.lib.stride_tricks.sliding_window_view(padded, days, axis=0)
    result: FloatArray = windows[: table.shape[0]].max(axis=-1)
    return result
