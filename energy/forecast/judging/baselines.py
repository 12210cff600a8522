"""Naive and published forecasts that ours must beat, and how far it does."""

from collections.abc import Mapping

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray
from energy.forecast.judging.scores import error_scores, pinball
from energy.forecast.judging.skill import skill_scores

SHIFTS_H = {"d1": 24, "d2": 48, "week": 168}
PERSISTENCE_H_MAX = 24
"""A last measured value older than this is no persistence any more."""
NOTE = (
    "d1, d2 and week are plain shifts; part of d1 is measured only after the gate. d1_known takes that part "
    "from the day before it"
)


def shifted(truth: FloatArray, index: IntArray, *, periods: int) -> FloatArray:
    """Give what was measured so many periods before each of ``index``; NaN before the file begins."""
    source = index - periods
    return np.where(source >= 0, truth[np.maximum(source, 0)], np.nan)


def day_before_known(truth: FloatArray, index: IntArray, known: IntArray, *, slots: int) -> FloatArray:
    """Give the youngest value that was known at the gate and lies whole days back (24 hours each)."""
    days = np.maximum(1, (index - known) // slots + 1)
    source = index - days * slots
    return np.where(source >= 0, truth[np.maximum(source, 0)], np.nan)


def persistence(truth: FloatArray, known: IntArray, *, slots: int) -> FloatArray:
    """Carry the last measured value before each gate on; NaN where it is older than a day."""
    place = np.where(np.isfinite(truth), np.arange(truth.size), -1)
    last = np.concatenate([[-1], np.maximum.accumulate(place)])[known]
    fresh = (last >= 0) & (known - last <= PERSISTENCE_H_MAX * slots // 24)
    return np.where(fresh, truth[np.maximum(last, 0)], np.nan)


def rivals_of(
    truth: FloatArray,
    index: IntArray,
    known: IntArray,
    *,
    step_s: int,
    operator: FloatArray | None,
    intraday: bool,
) -> dict[str, FloatArray]:
    """Give what each rival expects of the periods ``index`` at gates of ``known`` periods.

    ``truth`` and ``operator`` have a value for each period of the file. Within the day every rival knows what
    ours does: ``d1`` and ``d2`` are whole days back as far as measured, and persistence stands beside them.
    """
    slots = 86_400 // step_s
    rivals = {name: shifted(truth, index, periods=hours * 3600 // step_s) for name, hours in SHIFTS_H.items()}
    rivals["d1_known"] = day_before_known(truth, index, known, slots=slots)
    if intraday:
        rivals["d1"] = rivals["d1_known"]
        rivals["d2"] = day_before_known(truth, index, np.minimum(known, index - slots), slots=slots)
        rivals["persistence"] = persistence(truth, known, slots=slots)
    if operator is not None:
        rivals["operator"] = operator[index]
    return rivals


def rival_scores(
    measured: FloatArray, expected: FloatArray, rivals: Mapping[str, FloatArray], day: IntArray
) -> dict[str, dict[str, object]]:
    """Score each rival by itself and against ours like for like; all arrays by sample, ours without gaps."""
    ours = np.abs(expected - measured)
    return {
        name: {
            **error_scores(measured, values),
            **skill_scores(ours, np.abs(values - measured), day),
        }
        for name, values in rivals.items()
    }


def seasonal_scores(
    measured: FloatArray, expected: FloatArray, seasonal: FloatArray, day: IntArray
) -> dict[str, object]:
    """Score our own rung without learning, band (5, samples) and all."""
    return {
        **rival_scores(measured, expected, {"seasonal": seasonal[2]}, day)["seasonal"],
        "pinball": pinball(measured, seasonal),
    }
