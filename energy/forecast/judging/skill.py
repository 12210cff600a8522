"""How much better than a rival, and whether the difference is more than chance.

Errors of one day go together, and of days in a row too, so chance is judged by drawing whole weeks anew: a
circular block bootstrap (Politis and Romano 1992, in Exploring the Limits of Bootstrap) of the difference
that Diebold and Mariano (1995, doi 10.1080/07350015.1995.10524599) test.
"""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray

BLOCK_DAYS = 7
DRAWS = 400
DAYS_MIN = 14
"""Under two weeks of days there is nothing to draw from."""
_SEED = 20


def skill_scores(ours: FloatArray, rival: FloatArray, day: IntArray) -> dict[str, object]:
    """Compare absolute errors (samples,) period by period where both are known.

    ``skill`` is 1 - our MAE / the rival's: 0 as good, 1 perfect, negative worse. ``skill_p05_p95`` holds it
    with 90 % of the draws; 0 outside of it means that the difference is real.
    """
    both = np.isfinite(ours) & np.isfinite(rival)
    if not both.any():
        return {"skill": None, "skill_p05_p95": None, "mae_ours": None, "n": 0}
    _, place = np.unique(day[both], return_inverse=True)
    own = np.bincount(place, weights=ours[both]).astype(np.float64)
    other = np.bincount(place, weights=rival[both]).astype(np.float64)
    return {
        "skill": _skill(float(own.sum()), float(other.sum())),
        "skill_p05_p95": _interval(own, other),
        "mae_ours": float(ours[both].mean()),
        "n": int(both.sum()),
    }


def _skill(own: float, other: float) -> float | None:
    return 1.0 - own / other if other > 0.0 else None


def _interval(own: FloatArray, other: FloatArray) -> list[float] | None:
    days = own.size
    if days < DAYS_MIN:
        return None
    blocks = -(-days // BLOCK_DAYS)
    first = np.random.default_rng(_SEED).integers(0, days, size=(DRAWS, blocks))
    drawn = ((first[:, :, None] + np.arange(BLOCK_DAYS)) % days).reshape(DRAWS, -1)[:, :days]
    rivals = other[drawn].sum(axis=1)
    if not (rivals > 0.0).all():
        return None
    low, high = np.quantile(1.0 - own[drawn].sum(axis=1) / rivals, [0.05, 0.95])
    return [float(low), float(high)]
