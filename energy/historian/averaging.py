"""Quarter-hour means with coverage out of irregular samples, and register readings at the boundaries.

Each good sample stands for the time since the good sample before it, at most ``REACH_S``: a meter that was
silent for an hour leaves a hole in the coverage, it does not stretch its next value over the hour.
"""

from collections.abc import Iterator

import numpy as np

from energy.domain import FloatArray, Point
from energy.historian.columns import IntArray
from energy.historian.instants import MS_PER_S, PERIOD_MS
from energy.periods import PERIOD_H, PERIOD_S

REACH_S = 120
"""Two ticks of the slowest loop (60 s)."""
REACH_MS = REACH_S * MS_PER_S
COVERED_MS_OVER_IMPORT = PERIOD_MS // 2
"""A measured mean stands above an imported one once it covers half of the period."""
REGISTERS = (Point.ENERGY_KWH_DRAWN, Point.ENERGY_KWH_FED_IN)
"""In the order in which ``power_from_registers`` takes them."""

if REACH_S >= PERIOD_S:
    raise ValueError("a sample may reach over one period boundary at most")


def has_means(point: Point) -> bool:
    """Tell whether a mean says anything: not of states, switches and flags, nor of a device's countdown."""
    return bool(point.unit) and point is not Point.REVERSION_S


def shares(from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """Split a stretch of time at period boundaries into (period, milliseconds).

    >>> list(shares(840_000, 960_000))
    [(0, 60000), (1, 60000)]
    """
    while from_ms < to_ms:
        period = from_ms // PERIOD_MS
        end_ms = min(to_ms, (period + 1) * PERIOD_MS)
        yield period, end_ms - from_ms
        from_ms = end_ms


def weigh(at_ms: IntArray, value: FloatArray, period: int) -> tuple[float, int]:
    """Add up one period: the time-weighted sum (value x ms) and the milliseconds covered.

    Args:
        at_ms: moments of good samples, ascending, with those up to ``REACH_MS`` before and after the period.
        value: their values, same shape.
        period: the number of the period.
    """
    if at_ms.size == 0:
        return 0.0, 0
    start_ms, end_ms = period * PERIOD_MS, (period + 1) * PERIOD_MS
    earliest = at_ms - REACH_MS
    begin = np.maximum(np.concatenate((earliest[:1], at_ms[:-1])), earliest)
    weight_ms = np.clip(at_ms, start_ms, end_ms) - np.clip(begin, start_ms, end_ms)
    return float(weight_ms @ value), int(weight_ms.sum())


def weigh_steps(
    at_ms: IntArray, value: FloatArray, *, start_ms: int, step_ms: int, steps: int
) -> tuple[FloatArray, IntArray]:
    """Add up consecutive steps at once: the time-weighted sum and the milliseconds covered of each.

    Args:
        at_ms: moments of good samples, ascending, with those up to ``REACH_MS`` before and after.
        value: their values, same shape.
        start_ms: where the first step begins.
        step_ms: the length of a step.
        steps: their number.
    """
    weighted, covered_ms = np.zeros(steps), np.zeros(steps, dtype=np.int64)
    if at_ms.size == 0:
        return weighted, covered_ms
    begin = np.concatenate((at_ms[:1] - REACH_MS, np.maximum(at_ms[:-1], at_ms[1:] - REACH_MS)))
    step = (begin - start_ms) // step_ms
    for _ in range(REACH_MS // step_ms + 2):
        end = np.minimum(at_ms, start_ms + (step + 1) * step_ms)
        weight_ms = np.maximum(end - np.maximum(begin, start_ms + step * step_ms), 0)
        inside = (step >= 0) & (step < steps) & (weight_ms > 0)
        places, weights = step[inside], weight_ms[inside]
        weighted += np.bincount(places, weights=weights * value[inside], minlength=steps)
        covered_ms += np.bincount(places, weights=weights, minlength=steps).astype(np.int64)
        step = step + 1
    return weighted, covered_ms


def uncovered(at_ms: IntArray, start_ms: int, end_ms: int) -> tuple[IntArray, IntArray]:
    """Give the starts and ends of the stretches of [start_ms, end_ms) that no good sample reaches.

    Args:
        at_ms: moments of good samples, ascending, with those up to ``REACH_MS`` after the end.
        start_ms: where to begin.
        end_ms: where to stop.
    """
    starts = np.clip(np.concatenate(([start_ms], at_ms)), start_ms, end_ms)
    ends = np.clip(np.concatenate((at_ms - REACH_MS, [end_ms])), start_ms, end_ms)
    open_ = ends > starts
    return starts[open_], ends[open_]


def register_at(boundary_ms: int, at_ms: IntArray, value: FloatArray) -> float | None:
    """Read an energy register at a boundary, interpolated between its neighbours.

    None where a neighbour is missing, the two are more than ``REACH_MS`` apart, or the register ran
    backwards.
    """
    after = int(np.searchsorted(at_ms, boundary_ms))
    if after == at_ms.size:
        return None
    if at_ms[after] == boundary_ms:
        return float(value[after])
    if after == 0:
        return None
    return between(
        boundary_ms,
        before=(int(at_ms[after - 1]), float(value[after - 1])),
        after=(int(at_ms[after]), float(value[after])),
    )


def between(boundary_ms: int, *, before: tuple[int, float], after: tuple[int, float]) -> float | None:
    """Interpolate one register reading; None under the conditions of ``register_at``."""
    gap_ms = after[0] - before[0]
    if gap_ms > REACH_MS or after[1] < before[1]:
        return None
    return before[1] + (after[1] - before[1]) * (boundary_ms - before[0]) / gap_ms


def power_from_registers(drawn_kwh: FloatArray | None, fed_in_kwh: FloatArray | None) -> FloatArray:
    """Give the mean power of each period from register readings at its boundaries.

    Args:
        drawn_kwh: readings at the boundaries, shape (periods + 1,), NaN unknown; None without register.
        fed_in_kwh: likewise.

    Returns:
        Mean power in kW, shape (periods,), NaN where a reading is missing or a register ran backwards.
    """
    parts = [(1.0, drawn_kwh), (-1.0, fed_in_kwh)]
    energies = [sign * _increase(readings) for sign, readings in parts if readings is not None]
    if not energies:
        raise ValueError("an asset without energy registers has no energies")
    total: FloatArray = np.sum(energies, axis=0) / PERIOD_H
    return total


def _increase(readings: FloatArray) -> FloatArray:
    increase: FloatArray = np.diff(readings)
    return np.where(increase >= 0.0, increase, np.nan)
