"""How good forecasts were: errors of the expected value, of the band, and of naive forecasts beside them."""

from collections.abc import Mapping

import numpy as np

from energy.domain import QUANTILES, FloatArray
from energy.forecast.calendar import IntArray

Score = dict[str, object]
_NEAR_ZERO = 0.01
"""A series that comes this near to zero (as a share of its mean) has no meaningful relative error."""


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
    """Score quantiles (5, samples) against a truth without gaps; errors count forecast minus truth."""
    expected = quantiles[2]
    error = expected - truth
    mae, mean = float(np.abs(error).mean()), float(np.abs(truth).mean())
    return {
        "mae": mae,
        "rmse": float(np.sqrt((error**2).mean())),
        "nmae": mae / mean if mean > 0.0 else None,
        "bias": float(error.mean()),
        "mape": _mape(np.abs(error), truth),
        "pinball": pinball(truth, quantiles),
        "coverage": coverage(truth, quantiles),
        "n": int(truth.size),
    }


def pinball(truth: FloatArray, quantiles: FloatArray) -> float:
    """Mean pinball loss over the five quantiles (Koenker and Bassett 1978, doi 10.2307/1913643)."""
    gap = truth - quantiles
    share = np.asarray(QUANTILES)[:, None]
    return float(np.maximum(share * gap, (share - 1.0) * gap).mean())


def coverage(truth: FloatArray, quantiles: FloatArray) -> dict[str, float]:
    """Give the share of the truth inside each band, its edges included (to a rounding of the last digits)."""
    slack = 1e-9 * (1.0 + float(np.abs(truth).max()))
    return {
        "p05_p95": _inside(truth, quantiles[0], quantiles[4], slack),
        "p25_p75": _inside(truth, quantiles[1], quantiles[3], slack),
    }


def scores_by(group: IntArray, truth: FloatArray, quantiles: FloatArray) -> Mapping[int, Score]:
    """Score each group of samples by itself, in the groups' order."""
    return {
        int(number): scores_of(truth[group == number], quantiles[:, group == number])
        for number in np.unique(group)
    }


def _inside(truth: FloatArray, low: FloatArray, high: FloatArray, slack: float) -> float:
    return float(((truth >= low - slack) & (truth <= high + slack)).mean())


def _mape(error: FloatArray, truth: FloatArray) -> float | None:
    size = np.abs(truth)
    if float(size.min()) <= _NEAR_ZERO * float(size.mean()):
        return None
    return float((error / size).mean())
