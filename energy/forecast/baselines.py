"""Naive and published forecasts that ours must beat."""

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray
from energy.forecast.scores import error_scores, pinball

SHIFTS_H = {"d1": 24, "d2": 48, "week": 168}


def shifted(truth: FloatArray, index: IntArray, *, periods: int) -> FloatArray:
    """Give what was measured so many periods before each of ``index``; NaN before the file begins."""
    source = index - periods
    return np.where(source >= 0, truth[np.maximum(source, 0)], np.nan)


def baseline_scores(
    truth: FloatArray,
    index: IntArray,
    *,
    step_s: int,
    seasonal: FloatArray,
    operator: FloatArray | None,
) -> dict[str, object]:
    """Score each baseline; ``truth`` and ``operator`` by period of the file, ``seasonal`` (5, samples)."""
    result: dict[str, object] = {
        name: error_scores(truth[index], shifted(truth, index, periods=hours * 3600 // step_s))
        for name, hours in SHIFTS_H.items()
    }
    if operator is not None:
        result["operator"] = error_scores(truth[index], operator[index])
    result["seasonal"] = {
        **error_scores(truth[index], seasonal[2]),
        "pinball": pinball(truth[index], seasonal),
    }
    result["note"] = "d1, d2 and week are plain shifts; part of d1 is measured only after the gate"
    return result
