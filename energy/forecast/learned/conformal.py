"""How far a band must stretch to hold what it promises: conformal prediction with fading weights.

Each known error says by which factor the learned band had to be stretched to just hold it. The factor used
is a weighted quantile of those, young errors counting most (Barber, Candes, Ramdas and Tibshirani 2023,
Conformal prediction beyond exchangeability, doi 10.1214/23-AOS2276). A quantile counts a wild day once,
however wild it was, so the band neither stays wide for weeks after Christmas nor narrow after a calm month.
"""

from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray

HALF_LIFE_DAYS = 5.0
"""An error counts half after so long: short enough to be through with the holidays in a fortnight."""
AGE_DAYS_MAX = 70.0
"""After ten half-lives an error counts a thousandth."""
PIECES_A_DAY = 8.0
"""Errors of about three hours go together: a day tells as much as so many errors that do not."""
OUTER_SHARE, INNER_SHARE = 0.9, 0.5
"""What p05 to p95 and p25 to p75 promise."""
STRETCH_MAX = 6.0
_WIDTH_FLOOR = 1e-9
_S_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Needed:
    """By which factor the band had to be stretched to hold each error, shape (samples,).

    ``at_s`` is the period's start in seconds since 1970 UTC; ``outer`` is for p05 to p95, ``inner`` for p25
    to p75.
    """

    at_s: IntArray
    outer: FloatArray
    inner: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Factors on both halves of the outer and of the inner band."""

    outer: float = 1.0
    inner: float = 1.0


def needed_of(at_s: IntArray, error: FloatArray, spread: FloatArray) -> Needed:
    """Say what errors (samples,) needed of a band whose quantiles around them are ``spread`` (5, samples)."""
    middle = spread[2]
    above = error >= middle

    def factor(low: FloatArray, high: FloatArray) -> FloatArray:
        width = np.maximum(np.where(above, high - middle, middle - low), _WIDTH_FLOOR)
        ratio: FloatArray = np.minimum(np.abs(error - middle) / width, 1e3)
        return ratio

    return Needed(at_s=at_s, outer=factor(spread[0], spread[4]), inner=factor(spread[1], spread[3]))


def together(one: Needed, other: Needed) -> Needed:
    """Pool two records."""
    return Needed(
        at_s=np.concatenate([one.at_s, other.at_s]),
        outer=np.concatenate([one.outer, other.outer]),
        inner=np.concatenate([one.inner, other.inner]),
    )


def stretch_of(needed: Needed, *, now_s: int) -> Stretch:
    """Give the factors at a moment; 1 where no error is young enough to tell."""
    age_days = (now_s - needed.at_s) / _S_PER_DAY
    young = (age_days >= 0.0) & (age_days <= AGE_DAYS_MAX)
    if not young.any():
        return Stretch()
    age_days = age_days[young]
    day = np.floor(age_days).astype(np.int64)
    weight = PIECES_A_DAY * 0.5 ** (age_days / HALF_LIFE_DAYS) / np.bincount(day)[day]
    return Stretch(
        outer=_quantile(needed.outer[young], weight, OUTER_SHARE),
        inner=_quantile(needed.inner[young], weight, INNER_SHARE),
    )


def stretched(spread: FloatArray, stretch: Stretch) -> FloatArray:
    """Stretch quantiles of the error (5, samples) about their middle; they stay in order."""
    factor = np.array([stretch.outer, stretch.inner, 1.0, stretch.inner, stretch.outer])[:, None]
    result: FloatArray = np.sort(spread[2] + factor * (spread - spread[2]), axis=0)
    return result


def _quantile(factor: FloatArray, weight: FloatArray, share: float) -> float:
    """Weighted quantile with the coming error counted as one piece that may need anything."""
    order = np.argsort(factor, kind="stable")
    total = np.cumsum(weight[order])
    wanted = share * (total[-1] + 1.0)
    at = min(int(np.searchsorted(total, wanted)), factor.size - 1)
    return float(min(factor[order][at], STRETCH_MAX))
