"""How good forecasts were: errors of the expected value, and whether the band holds what it says."""

from collections.abc import Mapping

import numpy as np

from energy.domain import QUANTILES, FloatArray
from energy.forecast.calendar import BoolArray, IntArray

Score = dict[str, object]
_NEAR_ZERO = 0.01
"""A series that comes this near to zero (as a share of its mean) has no meaningful relative error."""
_ROUNDING = 1e-9
"""Share of the greatest magnitude by which a value may miss an edge and still count as on it."""

COUNTED_SHARE_MIN = 0.05
"""An hour in which fewer of the periods are uncertain shows no coverage: three glimmers in a year of nights
would read as none inside. The whole counts them."""


def error_scores(truth: FloatArray, expected: FloatArray) -> dict[str, float | None]:
    """Give ``mae`` and ``mape`` over the periods where both are known; None where there are none.

    ``mape`` is a fraction, and None for a series that reaches zero.
    """
    both = np.isfinite(truth) & np.isfinite(expected)
    if not both.any():
        return {"mae": None, "mape": None}
    error = np.abs(expected[both] - truth[both])
    return {"mae": float(error.mean()), "mape": _mape(error, truth[both])}


def scores_of(truth: FloatArray, quantiles: FloatArray) -> Score:
    """Score quantiles (5, samples) against a truth without gaps; errors count forecast minus truth.

    ``coverage`` leaves out the ``n_certain`` periods for which the band says one value and the truth is it:
    a zero at night tells nothing about a band. ``coverage_all`` counts them too. ``sharpness`` is the mean
    width of each band over all periods.
    """
    expected = quantiles[2]
    error = expected - truth
    mae, mean = float(np.abs(error).mean()), float(np.abs(truth).mean())
    certain = certain_periods(truth, quantiles)
    return {
        "mae": mae,
        "rmse": float(np.sqrt((error**2).mean())),
        "nmae": mae / mean if mean > 0.0 else None,
        "bias": float(error.mean()),
        "mape": _mape(np.abs(error), truth),
        "pinball": pinball(truth, quantiles),
        "coverage": coverage(truth, quantiles),
        "coverage_all": _covered(truth, quantiles, np.full(truth.size, fill_value=True)),
        "sharpness": {
            "p05_p95": float((quantiles[4] - quantiles[0]).mean()),
            "p25_p75": float((quantiles[3] - quantiles[1]).mean()),
        },
        "n": int(truth.size),
        "n_certain": int(certain.sum()),
    }


def pinball(truth: FloatArray, quantiles: FloatArray) -> float:
    """Mean pinball loss over the five quantiles (Koenker and Bassett 1978, doi 10.2307/1913643)."""
    gap = truth - quantiles
    share = np.asarray(QUANTILES)[:, None]
    return float(np.maximum(share * gap, (share - 1.0) * gap).mean())


def coverage(truth: FloatArray, quantiles: FloatArray) -> dict[str, float | None]:
    """Give the share of the truth inside each band, its edges included (to a rounding of the last digits).

    Only periods count where the band has a width or the truth lies outside; None where they are fewer than
    COUNTED_SHARE_MIN of all.
    """
    counted = ~certain_periods(truth, quantiles)
    if counted.mean() < COUNTED_SHARE_MIN:
        counted = np.zeros_like(counted)
    return _covered(truth, quantiles, counted)


def certain_periods(truth: FloatArray, quantiles: FloatArray) -> BoolArray:
    """Mark the periods for which the band has no width and the truth lies on it."""
    slack = _slack(truth)
    wide = quantiles[4] - quantiles[0] > slack
    result: BoolArray = ~wide & (np.abs(truth - quantiles[2]) <= slack)
    return result


def reliability(truth: FloatArray, quantiles: FloatArray) -> dict[str, float | None]:
    """Give for each quantile the share of the truth below it; half of what lies on it counts as below.

    A quantile that keeps its word shows its own number. Certain periods are left out as in ``coverage``.
    """
    counted = ~certain_periods(truth, quantiles)
    names = [f"p{round(100 * share):02d}" for share in QUANTILES]
    if not counted.any():
        return dict.fromkeys(names)
    slack = _slack(truth)
    gap = (truth - quantiles)[:, counted]
    below = (gap < -slack) + 0.5 * (np.abs(gap) <= slack)
    return {name: float(share) for name, share in zip(names, below.mean(axis=1), strict=True)}


def scores_by(group: IntArray, truth: FloatArray, quantiles: FloatArray) -> Mapping[int, Score]:
    """Score each group of samples by itself, in the groups' order."""
    return {
        int(number): scores_of(truth[group == number], quantiles[:, group == number])
        for number in np.unique(group)
    }


def _covered(truth: FloatArray, quantiles: FloatArray, counted: BoolArray) -> dict[str, float | None]:
    slack = _slack(truth)
    return {
        "p05_p95": _inside(truth, quantiles[0], quantiles[4], slack, counted),
        "p25_p75": _inside(truth, quantiles[1], quantiles[3], slack, counted),
    }


def _inside(
    truth: FloatArray, low: FloatArray, high: FloatArray, slack: float, counted: BoolArray
) -> float | None:
    if not counted.any():
        return None
    return float(((truth >= low - slack) & (truth <= high + slack))[counted].mean())


def _slack(truth: FloatArray) -> float:
    return _ROUNDING * (1.0 + float(np.abs(truth).max()))


def _mape(error: FloatArray, truth: FloatArray) -> float | None:
    size = np.abs(truth)
    if float(size.min()) <= _NEAR_ZERO * float(size.mean()):
        return None
    return float((error / size).mean())
