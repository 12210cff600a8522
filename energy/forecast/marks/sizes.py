"""Values of a size that cannot be: below nothing, above what the asset can do, another unit, none at all."""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import BoolArray
from energy.forecast.marks.days import USUAL_DAYS, Days, greatest, least, usual
from energy.forecast.marks.fault import FaultKind, Span, stretches
from energy.forecast.series import UNBOUNDED, Kind, SeriesSpec

OWN_USE_SHARE = 0.05
"""Of the rated or greatest power: what a source may draw for itself, and a meter may err below zero."""
RATED_SHARE_MAX = 1.05
RATED_OFTEN = 0.01
"""A series above its rated power more often than this has a wrong rated power, not wrong values."""
TEMPERATURE_C = (-45.0, 50.0)
"""Colder and hotter than was ever measured in Germany (-45.9 at the Funtensee, 41.2 in 2019)."""
STEADY: frozenset[Kind] = frozenset({"load", "heat"})
UNIT_STEADY, UNIT_OTHERS = 20.0, 50.0
"""So many times the usual or the greatest day: another unit (a thousand), not another weather."""
UNIT_LOST_OTHERS = 0.004
HABIT_DAYS, HABIT_TIMES = 7, 8
"""What comes and goes oftener than once a week, so many times by now, is how a series is: a lone charger."""
NEAR_ZERO_SHARE = 0.02
NEVER_LOW_SHARE = 0.1
"""A series whose usual low stays above this share of its usual level never is near zero."""
FOLLOWED_DAYS = 14
"""What lasts longer is how the series is now: a meter was exchanged, a works shut down."""
REST_LEARN_DAYS = 21
"""Three weekends tell whether a load rests on them."""
NEVER_ZERO_DAYS = 150
"""Half a year without a calm hour: no park, a country."""
SUN_SHARE = 0.3
SUN_DARK = 0.001
DARK_DAYS = 2
"""A park that gives nothing at all on so many days in a row: its meter, or snow, which teaches no more."""


def impossible(spec: SeriesSpec, values: FloatArray, days: Days) -> list[Span]:
    """Find what is less than nothing or more than the asset can do; each value tells by itself."""
    if spec.kind == "temperature":
        low, high = TEMPERATURE_C
        return [
            *_told_at_once("negative", values < low, f"colder than {low:g} degrees Celsius"),
            *_told_at_once("above_rated", values > high, f"hotter than {high:g} degrees Celsius"),
        ]
    if spec.kind in UNBOUNDED:
        return []
    size = days.by_period(usual(greatest(np.abs(days.table)), 0.5))
    if spec.rated_kw is not None:
        size = np.full(values.size, spec.rated_kw)
    spans = _told_at_once("negative", values < -OWN_USE_SHARE * size, "less than nothing")
    if spec.rated_kw is None:
        return spans
    above = values > RATED_SHARE_MAX * spec.rated_kw
    if not above.any():
        return spans
    seen = np.cumsum(np.isfinite(values))
    often = (np.cumsum(above) > RATED_OFTEN * seen) & (seen > USUAL_DAYS * days.slots)
    why = f"more than the {spec.rated_kw:g} kW it is rated for"
    spans += _told_at_once("above_rated", above & ~often, why)
    why += ", as it often gives: mend the rated power"
    return spans + _told_at_once("above_rated", above & often, why, kept_out=False)


def other_unit(kind: Kind, values: FloatArray, days: Days) -> list[Span]:
    """Find values so many times too large or small that they must be in another unit."""
    if kind in UNBOUNDED or kind == "ev_hub":  # a hub may stand empty for weeks
        return []
    most = greatest(days.table)
    if kind in STEADY:
        above = values > UNIT_STEADY * days.by_period(usual(most, 0.5))
        low = usual(least(days.table), 0.5)
        never_low = low > NEVER_LOW_SHARE * usual(most, 0.5)
        below = (values > 0.0) & (values < NEAR_ZERO_SHARE * days.by_period(np.where(never_low, low, np.nan)))
        below &= np.concatenate([[False], values[1:] != values[:-1]])  # one value held is no unit
    else:
        # what lasts is followed here too, so the usual greatest day is a quantile, not the maximum
        above = values > UNIT_OTHERS * days.by_period(usual(most, 0.8))
        below = np.zeros(values.size, dtype=np.bool_)
    spans = _told_at_once("unit", above & ~_habit(above, days), "far above all before: another unit?")
    small = _lost_days(most, days) if kind == "pv" else []
    below &= ~_habit(below, days)
    return spans + _told_at_once("unit", below, "far below all before: another unit?") + small


def _habit(where: BoolArray, days: Days) -> BoolArray:
    """Mark the periods before which it has come and gone so often that it is no fault."""
    begins = np.diff(where.astype(np.int64), prepend=0) > 0
    times = np.concatenate([[0], np.cumsum(begins)])[: where.size]
    habit: BoolArray = (times >= HABIT_TIMES) & (times * HABIT_DAYS * days.slots > np.arange(where.size))
    return habit


def _lost_days(most: FloatArray, days: Days) -> list[Span]:
    """Days of a park that give a thousandth of the usual; told in the evening."""
    lost = (most > 0.0) & (most < UNIT_LOST_OTHERS * usual(most, 0.5))
    return [
        Span(kind="unit", first=first, end=end, decided=min(first + days.slots, end), why=why)
        for why in ("far below all before: another unit?",)
        for day, past in stretches(lost).tolist()
        if past - day >= DARK_DAYS
        for first, end in [_periods(days, day, past)]
    ]


def missing_as_zero(kind: Kind, values: FloatArray, days: Days) -> list[Span]:
    """Find zeros in a series that never is near zero; a day on which it rests now and then is none."""
    if kind == "wind":
        return _never_zero_before(values, days)
    if kind not in STEADY:
        return []
    level, low = usual(_middle(days.table), 0.5), usual(least(days.table), 0.5)
    never_low = low > NEVER_LOW_SHARE * level
    limit = days.by_period(np.where(never_low, NEAR_ZERO_SHARE * low, np.nan))
    near = (values <= limit) & (values >= 0.0)
    if not near.any():
        return []
    rested = _days_that_rest(np.unique(days.of[near]).tolist())
    kept = near & ~np.isin(days.of, np.asarray(rested, dtype=np.int64))
    return _told_at_once("zero", kept, "near zero, where this series never is")


def _never_zero_before(values: FloatArray, days: Days) -> list[Span]:
    """Zeros of wind in a country or a province: a park of its own stands still within weeks."""
    zero = values == 0.0
    first = int(np.argmax(zero)) if zero.any() else 0
    if np.count_nonzero(np.isfinite(values[:first])) < NEVER_ZERO_DAYS * days.slots:
        return []
    return _told_at_once("zero", zero, "zero, where this series never was")


def _days_that_rest(near_days: list[int]) -> list[int]:
    """Of days with values near zero, those whose like came before: a works rests every Sunday."""
    rested: list[int] = []
    told: list[int] = []
    for day in near_days:
        weekly = [other for other in rested if day - other <= USUAL_DAYS and (day - other) % 7 == 0]
        lately = [other for other in (*told, *rested) if day - other <= FOLLOWED_DAYS]
        (rested if day < REST_LEARN_DAYS or weekly or len(lately) >= FOLLOWED_DAYS else told).append(day)
    return rested


def dark_at_noon(values: FloatArray, sun: FloatArray, days: Days) -> list[Span]:
    """Find days in a row on which a park gave nothing under a high sun."""
    if values.size == 0:
        return []
    peak = usual(greatest(days.table), 0.5)
    bright = (sun > SUN_SHARE * float(sun.max())) & np.isfinite(values)
    lit = np.bincount(days.of[bright], minlength=peak.size)
    given = bright & (values > days.by_period(SUN_DARK * peak))
    gave = np.bincount(days.of[given], minlength=peak.size)
    dark: BoolArray = (lit >= days.slots // 12) & (gave == 0) & (peak > 0.0)
    spans = []
    for day, past in stretches(dark).tolist():
        if past - day < DARK_DAYS:
            continue
        first, end = _periods(days, day, min(past, day + FOLLOWED_DAYS))
        told = min(first + DARK_DAYS * days.slots, end)
        spans.append(Span(kind="zero", first=first, end=end, decided=told, why="nothing under a high sun"))
    return spans


def _middle(table: FloatArray) -> FloatArray:
    """Each day's median, NaN where the day has a gap larger than a half."""
    ordered = np.sort(table, axis=1)
    count = np.isfinite(table).sum(axis=1)
    middle: FloatArray = ordered[np.arange(table.shape[0]), np.maximum(count // 2, 0) % table.shape[1]]
    return np.where(2 * count >= table.shape[1], middle, np.nan)


def _periods(days: Days, first_day: int, end_day: int) -> tuple[int, int]:
    first = max(0, first_day * days.slots - days.offset)
    return first, min(days.periods, end_day * days.slots - days.offset)


def _told_at_once(kind: FaultKind, where: BoolArray, why: str, *, kept_out: bool = True) -> list[Span]:
    return [
        Span(kind=kind, first=first, end=end, decided=first + 1, why=why, kept_out=kept_out)
        for first, end in stretches(where).tolist()
    ]
