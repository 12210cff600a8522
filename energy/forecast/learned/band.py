"""How wrong a forecast of this kind has been, and so how wide its band must be.

Errors are held back in time order: none of them belongs to a period that the judged fit had seen. Each is
divided by its expected size (a product of factors for hour, lead time, level and kind of day), and the
quantiles of what remains are widened as split conformal prediction asks (Vovk et al. 2005, Algorithmic
Learning in a Random World, doi 10.1007/b106715), counting days instead of periods, because the errors of one
day go together.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import QUANTILES, FloatArray
from energy.forecast.calendar import SATURDAY, IntArray
from energy.forecast.frame import Frame
from energy.forecast.reference import clear_sky_over

LEAD_EDGES_H = (0.1, 0.35, 0.6, 1.1, 1.6, 3.1, 6.1, 12.1, 24.1, 36.1)
_LEVELS = 5
_ROUNDS = 3
_SHRINK_SAMPLES = 60.0
"""A factor that rests on this many samples counts half, the rest of it is 1."""
_SMOOTH_HOURS = (0.25, 0.5, 0.25)
_SIZE_FLOOR = 1e-9
_S_PER_DAY = 86_400.0
_SUN_HOURS = 24
_SUN_HEIGHT = 0.9
"""Where the sun's highest class begins, as a share of a clear sky's full power."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Errors:
    """Held-back errors (measured minus expected, in units of the scale), shape (samples,)."""

    deviation: FloatArray
    place: "Place"
    days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where a sample falls: hour of the local day, lead, expected level in units of the scale, day off.

    For PV the hour is the sun's, see ``_sun_hour``: sunrise wanders over the clock.
    """

    hour: IntArray
    lead: IntArray
    level: FloatArray
    day_off: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """Factors of the expected error and quantiles of what they leave; ``quantiles`` has shape (levels, 5)."""

    size: float
    by_hour: FloatArray
    by_lead: FloatArray
    by_level: FloatArray
    by_day_off: FloatArray
    level_edges: FloatArray
    quantiles: FloatArray


def place_of(frame: Frame, index: IntArray, gate: IntArray, deviation: FloatArray) -> Place:
    """Place samples; ``deviation`` is the expected one."""
    calendar = frame.calendar
    scale = frame.reference.scale[index]
    usual = np.divide(frame.reference.centre[index], scale, out=np.zeros(index.size), where=scale > 0.0)
    lead_h = (index - gate) * (calendar.step_s / 3600.0)
    return Place(
        hour=_sun_hour(frame, index)
        if frame.spec.kind == "pv"
        else calendar.slot[index] * 24 // calendar.slots,
        lead=np.searchsorted(np.asarray(LEAD_EDGES_H), lead_h).astype(np.int64),
        level=np.nan_to_num(usual + deviation),
        day_off=(calendar.day_class[calendar.day[index]] >= SATURDAY).astype(np.int64)
        + (calendar.holiday_share[calendar.day[index]] > 0.5),
    )


def _sun_hour(frame: Frame, index: IntArray) -> IntArray:
    """Number the sun's way from sunrise (0) over its highest stand to sunset (23), alike all year."""
    height = clear_sky_over(frame.calendar, frame.spec.location)
    half = _SUN_HOURS // 2
    step = np.minimum((np.sqrt(height[index] / _SUN_HEIGHT) * half).astype(np.int64), half - 1)
    turn = frame.calendar.at_s[index] / _S_PER_DAY + frame.spec.location[1] / 360.0
    hour: IntArray = np.where(np.mod(turn, 1.0) < 0.5, step, _SUN_HOURS - 1 - step)
    return hour


def band_of(errors: Errors, *, centred: bool) -> Band:
    """Learn a band from held-back errors (at least one); ``centred`` moves their median to zero.

    The errors' own median is the accident of a few weeks and would be carried on as a bias, so the expected
    value always stays where it is. Where a distribution is skewed by nature (wind, sun, prices) the other
    quantiles keep their distance from it; elsewhere they are moved along with the median.
    """
    place, size = errors.place, np.abs(errors.deviation)
    mean = max(float(size.mean()), _SIZE_FLOOR)
    edges = np.quantile(place.level, np.linspace(0.0, 1.0, _LEVELS + 1)[1:-1])
    level = np.searchsorted(edges, place.level)
    groups = ((place.hour, 24), (place.lead, len(LEAD_EDGES_H) + 1), (level, _LEVELS), (place.day_off, 3))
    factors = [np.ones(count) for _, count in groups]
    for _ in range(_ROUNDS):
        for number, (group, count) in enumerate(groups):
            others = mean * np.prod(
                [
                    factor[where]
                    for at, (factor, (where, _)) in enumerate(zip(factors, groups, strict=True))
                    if at != number
                ],
                axis=0,
            )
            factors[number] = _factor(size / others, group, count, circular=count == 24)
    expected = mean * np.prod(
        [factor[where] for factor, (where, _) in zip(factors, groups, strict=True)], axis=0
    )
    quantiles = _quantiles(errors.deviation / expected, level, errors.days)
    return Band(
        size=mean,
        by_hour=factors[0],
        by_lead=factors[1],
        by_level=factors[2],
        by_day_off=factors[3],
        level_edges=edges,
        quantiles=_about_zero(quantiles, centred=centred),
    )


def spread(band: Band, place: Place) -> FloatArray:
    """Give the error's quantiles in units of the scale, shape (5, samples), non-decreasing."""
    level = np.searchsorted(band.level_edges, place.level)
    result: FloatArray = np.sort(band.quantiles[level].T * expected_size(band, place), axis=0)
    return result


def expected_size(band: Band, place: Place) -> FloatArray:
    """Give the expected size of the error in units of the scale, shape (samples,)."""
    size: FloatArray = (
        band.size
        * band.by_hour[place.hour]
        * band.by_lead[place.lead]
        * band.by_level[np.searchsorted(band.level_edges, place.level)]
        * band.by_day_off[place.day_off]
    )
    return size


def _about_zero(quantiles: FloatArray, *, centred: bool) -> FloatArray:
    """Put the middle of quantiles (levels, 5) at zero, with the others or alone."""
    if centred:
        return quantiles - quantiles[:, 2:3]
    below, above = np.minimum(quantiles[:, :2], 0.0), np.maximum(quantiles[:, 3:], 0.0)
    return np.hstack([below, np.zeros((quantiles.shape[0], 1)), above])


def _factor(ratio: FloatArray, group: IntArray, count: int, *, circular: bool) -> FloatArray:
    samples: FloatArray = np.bincount(group, minlength=count).astype(np.float64)
    total: FloatArray = np.bincount(group, weights=ratio, minlength=count).astype(np.float64)
    if circular:
        samples, total = _smooth(samples), _smooth(total)
    factor: FloatArray = (total + _SHRINK_SAMPLES) / (samples + _SHRINK_SAMPLES)
    return np.maximum(factor, 0.02)


def _smooth(values: FloatArray) -> FloatArray:
    before, at, after = _SMOOTH_HOURS
    return before * np.roll(values, 1) + at * values + after * np.roll(values, -1)


def _quantiles(scores: FloatArray, level: IntArray, days: int) -> FloatArray:
    """Quantiles of the scores by level, each drawn half towards those of all levels together."""
    outward = 1.0 + 1.0 / max(days, 2)
    wanted = np.clip([0.5 + (p - 0.5) * outward for p in QUANTILES], 0.0, 1.0)
    together = np.quantile(scores, wanted)
    rows = []
    for number in range(_LEVELS):
        members = scores[level == number]
        own = np.quantile(members, wanted) if members.size >= _SHRINK_SAMPLES else together
        rows.append(0.5 * (own + together))
    return np.array(rows)
